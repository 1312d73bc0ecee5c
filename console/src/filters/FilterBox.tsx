import { ActionIcon, Combobox, Pill, PillsInput, Text, Tooltip, useCombobox } from "@mantine/core";
import { IconFilter, IconX } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useShortcut } from "@/keys/shortcuts";
import classes from "./FilterBox.module.css";
import { type Condition, completions, type FilterField, parseCondition, withCondition } from "./fields";

interface FilterBoxProps {
  label: string;
  fields: readonly FilterField[];
  conditions: readonly Condition[];
  onChange: (conditions: Condition[]) => void;
}

/** Conditions as pills in one box; typing completes names and values, Enter adds, Backspace takes the last one away. */
export function FilterBox({ label, fields, conditions, onChange }: FilterBoxProps) {
  const [typed, setTyped] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const box = useCombobox({ onDropdownClose: () => box.resetSelectedOption() });
  useShortcut("/", "Filter", () => input.current?.focus());

  const add = (text: string) => {
    const condition = parseCondition(fields, text);
    if (condition) {
      onChange(withCondition(fields, conditions, condition));
      setTyped("");
      box.closeDropdown();
    }
  };
  const offered = completions(fields, typed);
  const choose = (text: string) => {
    if (offered.find((one) => one.text === text)?.isWhole) {
      add(text);
    } else {
      setTyped(text);
    }
  };
  const remove = (gone: Condition) =>
    onChange(conditions.filter(({ name, value }) => name !== gone.name || value !== gone.value));

  return (
    <Combobox store={box} onOptionSubmit={choose} withinPortal>
      <Combobox.DropdownTarget>
        <PillsInput
          className={classes.box}
          leftSection={<IconFilter size={16} />}
          onClick={() => input.current?.focus()}
          rightSection={
            conditions.length > 0 && (
              <Tooltip label="Remove all filters">
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  aria-label="Remove all filters"
                  onClick={() => onChange([])}
                >
                  <IconX size={14} />
                </ActionIcon>
              </Tooltip>
            )
          }
        >
          <Pill.Group>
            {conditions.map((condition) => (
              <Pill
                key={`${condition.name}:${condition.value}`}
                withRemoveButton
                removeButtonProps={{
                  "aria-label": `Remove ${condition.name}:${condition.value}`,
                  "aria-hidden": false,
                  tabIndex: 0,
                }}
                onRemove={() => remove(condition)}
              >
                <span className={classes.name}>{condition.name}</span> {condition.value}
              </Pill>
            ))}
            <Combobox.EventsTarget>
              <PillsInput.Field
                ref={input}
                aria-label={label}
                className={classes.input}
                placeholder={conditions.length ? "" : `Filter by ${listed(fields)}`}
                value={typed}
                onChange={(event) => {
                  setTyped(event.currentTarget.value);
                  box.openDropdown();
                  box.resetSelectedOption();
                }}
                onFocus={() => box.openDropdown()}
                onBlur={() => box.closeDropdown()}
                onKeyDown={(event) => {
                  const last = conditions.at(-1);
                  if (event.key === "Backspace" && typed === "" && last) {
                    event.preventDefault();
                    remove(last);
                  } else if (event.key === "Enter" && box.getSelectedOptionIndex() < 0) {
                    event.preventDefault();
                    add(typed);
                  } else if (event.key === "Escape") {
                    input.current?.blur();
                  }
                }}
              />
            </Combobox.EventsTarget>
          </Pill.Group>
        </PillsInput>
      </Combobox.DropdownTarget>
      <Combobox.Dropdown hidden={offered.length === 0}>
        <Combobox.Options className={classes.options}>
          {offered.map(({ text, description }) => (
            <Combobox.Option value={text} key={text} className={classes.option}>
              <span className={classes.completion}>{text}</span>
              <Text span size="xs" c="var(--faint)" truncate>
                {description}
              </Text>
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

/** The first names, for a hint: `state, text, operation, …`. */
function listed(fields: readonly FilterField[]): string {
  const names = fields.slice(0, 3).map(({ name }) => name);
  return [...names, ...(fields.length > 3 ? ["…"] : [])].join(", ");
}
