import { Group, Kbd, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { type Shortcut, useShortcut, useShortcuts } from "./shortcuts";

/** The list of what the keyboard does here; `?` opens it. */
export function ShortcutHelp() {
  const [isOpen, setOpen] = useState(false);
  useShortcut("?", "Show this list", () => setOpen(true));
  const known = new Map<string, Shortcut>(useShortcuts().map((shortcut) => [shortcut.keys, shortcut]));
  return (
    <Modal opened={isOpen} onClose={() => setOpen(false)} title="Keyboard shortcuts">
      <Stack gap="xs">
        {[...known.values()].map((shortcut) => (
          <Group key={shortcut.keys} justify="space-between" wrap="nowrap">
            <Text size="sm">{shortcut.description}</Text>
            <Group gap={4} wrap="nowrap">
              {shortcut.keys.split(" ").map((key, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the keys of a shortcut never change their order
                <Kbd key={index}>{key}</Kbd>
              ))}
            </Group>
          </Group>
        ))}
      </Stack>
    </Modal>
  );
}
