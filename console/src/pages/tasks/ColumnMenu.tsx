import { Button, Checkbox, Popover, Stack } from "@mantine/core";
import { IconColumns3 } from "@tabler/icons-react";
import { usePreference } from "@/app/preference";
import { DEFAULT_COLUMNS, TASK_COLUMNS } from "./columns";

/** Which columns the list shows, in this browser. */
export function useColumns(): [string[], (keys: string[]) => void] {
  return usePreference("tasks.columns", DEFAULT_COLUMNS);
}

/** Chooses the columns; the name is always there. */
export function ColumnMenu() {
  const [keys, setKeys] = useColumns();
  return (
    <Popover position="bottom-end" shadow="md">
      <Popover.Target>
        <Button variant="default" leftSection={<IconColumns3 size={15} />} visibleFrom="sm">
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          {TASK_COLUMNS.filter(({ key }) => key !== "name").map(({ key, title }) => (
            <Checkbox
              key={key}
              size="xs"
              label={title}
              checked={keys.includes(key)}
              onChange={(event) =>
                setKeys(event.currentTarget.checked ? [...keys, key] : keys.filter((one) => one !== key))
              }
            />
          ))}
          <Button variant="subtle" onClick={() => setKeys(DEFAULT_COLUMNS)}>
            As it was
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
