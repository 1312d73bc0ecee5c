import { Alert, Anchor, Button, Checkbox, Collapse, Group, NumberInput, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { fieldErrors, useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Operation, Task } from "@/api/types";
import { SchemaForm } from "@/forms/SchemaForm";
import { errorsBelow, useArguments } from "@/forms/useArguments";

/** Submits a task of an operation, by a form made from the schema of its arguments; then shows the task. */
export function SubmitForm({ operation }: { operation: Operation }) {
  const navigate = useNavigate();
  const form = useArguments(operation);
  const [isOpen, more] = useDisclosure(false);
  const [name, setName] = useState("");
  const [queue, setQueue] = useState("");
  const [priority, setPriority] = useState<number | string>("");
  const [runAt, setRunAt] = useState("");
  const [isPaused, setPaused] = useState(false);
  const submit = useChange(
    async (args: Record<string, unknown>) =>
      (await body(
        api.POST("/v1/tasks", {
          body: {
            operation: operation.name,
            args,
            name: name || null,
            queue: queue || null,
            priority: priority === "" ? null : Number(priority),
            run_at: runAt ? new Date(runAt).toISOString() : null,
            paused: isPaused,
          },
        }),
      )) as Task,
    {
      done: (_, task) => `Task #${task.number} is accepted`,
      refresh: ["tasks"],
      onDone: (task) => void navigate({ to: "/tasks/$task", params: { task: String(task.number) } }),
    },
  );
  const errors = fieldErrors(submit.error);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const args = form.read();
    if (args) {
      submit.mutate(args);
    }
  };
  return (
    <form onSubmit={onSubmit} aria-label={`Submit ${operation.name}`}>
      <Stack>
        <SchemaForm
          fields={form.fields}
          entries={form.entries}
          onChange={form.setEntries}
          errors={{ ...errorsBelow("args", errors), ...form.errors }}
        />
        <Anchor component="button" type="button" size="sm" ta="start" aria-expanded={isOpen} onClick={more.toggle}>
          {isOpen ? "Fewer choices" : "More choices: name, queue, priority, time"}
        </Anchor>
        <Collapse expanded={isOpen}>
          <Stack gap="sm">
            <TextInput
              label="Name"
              description="What people call it; else it is called as its operation"
              value={name}
              error={errors.name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Group grow align="start">
              <TextInput
                label="Queue"
                value={queue}
                error={errors.queue}
                onChange={(event) => setQueue(event.currentTarget.value)}
              />
              <NumberInput
                label="Priority"
                description="1 is the first, 10 the last"
                inputWrapperOrder={["label", "input", "description", "error"]}
                min={1}
                max={10}
                allowDecimal={false}
                value={priority}
                error={errors.priority}
                onChange={setPriority}
              />
            </Group>
            <TextInput
              type="datetime-local"
              label="Not before"
              description="By the clock of this browser"
              value={runAt}
              error={errors.run_at}
              onChange={(event) => setRunAt(event.currentTarget.value)}
            />
            <Checkbox
              label="Hold it until somebody resumes it"
              checked={isPaused}
              onChange={(event) => setPaused(event.currentTarget.checked)}
            />
          </Stack>
        </Collapse>
        {submit.error && (
          <Alert color="red" role="alert">
            {submit.error.message}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={submit.isPending}>
            Submit
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
