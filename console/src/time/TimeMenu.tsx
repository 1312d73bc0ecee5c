import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconClock } from "@tabler/icons-react";
import { useShortcut } from "@/keys/shortcuts";
import { localZone } from "./format";
import { type TimePreference, useTimePreference } from "./preference";

/** Chooses how instants are said, and in which zone. */
export function TimeMenu() {
  const [preference, setPreference] = useTimePreference();
  useShortcut("t", "Switch between relative and absolute times", () =>
    setPreference({ ...preference, style: preference.style === "relative" ? "absolute" : "relative" }),
  );
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
        <Menu.RadioGroup
          value={preference.style}
          onChange={(style) => setPreference({ ...preference, style: style as TimePreference["style"] })}
        >
          <Menu.RadioItem value="relative">Relative (5 min ago)</Menu.RadioItem>
          <Menu.RadioItem value="absolute">Absolute</Menu.RadioItem>
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Label>Zone</Menu.Label>
        <Menu.RadioGroup
          value={preference.zone}
          onChange={(zone) => setPreference({ ...preference, zone: zone as TimePreference["zone"] })}
        >
          <Menu.RadioItem value="local">Here ({localZone()})</Menu.RadioItem>
          <Menu.RadioItem value="UTC">UTC</Menu.RadioItem>
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
