import { Button, Menu, NumberInput, Popover, Stack, TextInput } from "@mantine/core";
import {
  IconCalendarTime,
  IconChevronDown,
  IconPin,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconRefresh,
  IconTrash,
} from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, body } from "@/api/client";
import type { Task } from "@/api/types";
import { useMay } from "@/auth/session";
import { useShortcut } from "@/keys/shortcuts";
import { ConfirmDialog } from "@/parts/ConfirmDialog";
import { toastDone, toastFailed } from "@/parts/toast";
import { WAITING } from "@/states/states";
import { STEERING, useSteering } from "@/steering/actions";
import { CancelDialog } from "@/steering/CancelDialog";

/** What can be done to the task now. */
export function TaskActions({ task }: { task: Task }) {
  const [dialog, setDialog] = useState<"cancel" | "delete">();
  const navigate = useNavigate();
  const mayWrite = useMay("write");
  const steering = useSteering((verb, answer) => {
    if (verb === "rerun") {
      void navigate({ to: "/tasks/$task", params: { task: String((answer as Task).number) } });
    } else if (verb === "delete") {
      void navigate({ to: "/tasks" });
    }
  });
  const can = (verb: keyof typeof STEERING) => mayWrite && STEERING[verb].fits(task);
  useShortcut("s", "Stop the task", () => setDialog("cancel"), can("cancel"));
  useShortcut("r", "Run the task again", () => steering.mutate({ verb: "rerun", task }), can("rerun"));
  if (!mayWrite) {
    return null;
  }
  return (
    <>
      {can("resume") && (
        <Button
          variant="default"
          leftSection={<IconPlayerPlay size={15} />}
          onClick={() => steering.mutate({ verb: "resume", task })}
        >
          Resume
        </Button>
      )}
      {can("pause") && (
        <Button
          variant="default"
          leftSection={<IconPlayerPause size={15} />}
          onClick={() => steering.mutate({ verb: "pause", task })}
        >
          Pause
        </Button>
      )}
      {WAITING.has(task.state) && <StartMenu task={task} />}
      {can("rerun") && (
        <Button
          leftSection={<IconRefresh size={15} />}
          loading={steering.isPending}
          onClick={() => steering.mutate({ verb: "rerun", task })}
        >
          Rerun
        </Button>
      )}
      {can("cancel") && (
        <Button color="red.9" leftSection={<IconPlayerStop size={15} />} onClick={() => setDialog("cancel")}>
          Stop
        </Button>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={14} />}>
            More
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconPin size={15} />}
            disabled={!can("persist")}
            onClick={() => steering.mutate({ verb: "persist", task })}
          >
            {task.persist ? "Is kept for good" : "Keep for good"}
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={15} />}
            disabled={!can("delete")}
            onClick={() => setDialog("delete")}
          >
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === "cancel" && <CancelDialog task={task} onClose={() => setDialog(undefined)} />}
      {dialog === "delete" && (
        <ConfirmDialog
          title={`Delete ${task.name} #${task.number}?`}
          action="Delete"
          isDangerous
          isBusy={steering.isPending}
          onConfirm={() => steering.mutate({ verb: "delete", task })}
          onClose={() => setDialog(undefined)}
        >
          The task is forgotten with its logs and everything below it. This cannot be taken back.
        </ConfirmDialog>
      )}
    </>
  );
}

/** Changes when a waiting task starts: its priority and its time. */
function StartMenu({ task }: { task: Task }) {
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [priority, setPriority] = useState<number | string>(task.priority);
  const known = task.run_at ? localInput(task.run_at) : "";
  const [typed, setTyped] = useState<string>();
  const runAt = typed ?? known;
  const changing = useMutation({
    mutationFn: () =>
      body(
        api.PATCH("/v1/tasks/{task}", {
          params: { path: { task: task.id } },
          body: {
            priority: Number(priority),
            ...(runAt !== known && { run_at: (runAt ? new Date(runAt) : new Date()).toISOString() }),
          },
        }),
      ),
    onSuccess(after) {
      client.setQueryData(["task", String(after.number)], after);
      toastDone(`Changed: ${task.name} #${task.number}`);
      setTyped(undefined);
      setOpen(false);
    },
    onError: (error) => toastFailed("The change was refused", error),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    changing.mutate();
  };
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconCalendarTime size={15} />}
          onClick={() => setOpen(!isOpen)}
          aria-expanded={isOpen}
        >
          When
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={submit}>
          <Stack gap="sm" w={240}>
            <NumberInput
              label="Priority"
              description="1 is first, 10 is last"
              min={1}
              max={10}
              allowDecimal={false}
              value={priority}
              onChange={setPriority}
            />
            <TextInput
              label="Not before"
              description="By the clock of this browser; empty is now"
              type="datetime-local"
              value={runAt}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <Button type="submit" loading={changing.isPending}>
              Change
            </Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

/** An instant as an input of the browser's own zone takes it. */
function localInput(instant: string): string {
  const date = new Date(instant);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
