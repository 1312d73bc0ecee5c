import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconCheck, IconClock } from "@tabler/icons-react";
import { useShortcut } from "@/keys/shortcuts";
import { localZone } from "./format";
import { type TimePreference, useTimePreference } from "./preference";

/** Chooses how instants are said, and in which zone. */
export function TimeMenu() {
  const [preference, setPreference] = useTimePreference();
  useShortcut("t", "Switch between relative and absolute times", () =>
    setPreference({ ...preference, style: preference.style === "relative" ? "absolute" : "relative" }),
  );
  const item = (label: string, change: Partial<TimePreference>) => {
    const isChosen = Object.entries(change).every(
      ([name, value]) => preference[name as keyof TimePreference] === value,
    );
    return (
      <Menu.Item
        role="menuitemradio"
        aria-checked={isChosen}
        rightSection={isChosen ? <IconCheck size={14} /> : <span />}
        onClick={() => setPreference({ ...preference, ...change })}
      >
        {label}
      </Menu.Item>
    );
  };
  return (
    <Menu position="bottom-end" closeOnItemClick={false}>
      <Menu.Target>
        <Tooltip label="Times (t)">
          <ActionIcon variant="subtle" color="gray" aria-label="Times">
            <IconClock size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Times</Menu.Label>
        {item("Relative (5 min ago)", { style: "relative" })}
        {item("Absolute", { style: "absolute" })}
        <Menu.Divider />
        <Menu.Label>Zone</Menu.Label>
        {item(`Here (${localZone()})`, { zone: "local" })}
        {item("UTC", { zone: "UTC" })}
      </Menu.Dropdown>
    </Menu>
  );
}
