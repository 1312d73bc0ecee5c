import { Button, Group, Menu, Text } from "@mantine/core";
import { IconChecklist, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useShortcut } from "@/keys/shortcuts";
import { count } from "@/parts/numbers";
import { STEERING, type Verb } from "@/steering/actions";
import { BulkDialog } from "./BulkDialog";
import type { TaskSearch } from "./search";

interface BulkActionsProps {
  search: TaskSearch;
  selected: ReadonlySet<string>;
  onClear: () => void;
}

const VERBS = Object.keys(STEERING) as Verb[];

/** What can be done to the selected rows or, where none is, to all tasks that fit the filter. */
export function BulkActions({ search, selected, onClear }: BulkActionsProps) {
  const [verb, setVerb] = useState<Verb>();
  const hasSelection = selected.size > 0;
  useShortcut("Escape", "Clear the selection", onClear, hasSelection);
  return (
    <>
      <Group gap={6} wrap="nowrap">
        {hasSelection && (
          <Button variant="subtle" color="gray" rightSection={<IconX size={14} />} onClick={onClear}>
            <Text span size="sm">
              {count(selected.size)} selected
            </Text>
          </Button>
        )}
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant={hasSelection ? "filled" : "default"} leftSection={<IconChecklist size={15} />}>
              Actions
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>{hasSelection ? "On the selected tasks" : "On all that fit the filter"}</Menu.Label>
            {VERBS.map((one) => (
              <Menu.Item key={one} color={STEERING[one].isDangerous ? "red" : undefined} onClick={() => setVerb(one)}>
                {STEERING[one].title}…
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </Group>
      {verb && (
        <BulkDialog
          verb={verb}
          target={hasSelection ? { ids: [...selected] } : { filter: search }}
          onDone={onClear}
          onClose={() => setVerb(undefined)}
        />
      )}
    </>
  );
}
