import { ActionIcon, Menu, Text, Tooltip } from "@mantine/core";
import { IconLogout, IconUser } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { signOut, useWho } from "./session";

/** Who has signed in, with what rights, and the way out. */
export function UserMenu() {
  const who = useWho();
  const leaving = useMutation({ mutationFn: signOut });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={who.name}>
          <ActionIcon variant="subtle" color="gray" aria-label={`Signed in as ${who.name}`}>
            <IconUser size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600}>
            {who.name}
          </Text>
          <Text size="xs">{who.client ? `client ${who.client}` : who.kind}</Text>
          <Text size="xs">{who.scopes.length ? `may ${who.scopes.join(", ")}` : "may do nothing"}</Text>
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => leaving.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
