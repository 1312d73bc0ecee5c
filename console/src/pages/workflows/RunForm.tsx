import { Alert, Button, Group, Stack } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { fieldErrors, useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { WorkflowDetail } from "@/api/types";
import { SchemaForm } from "@/forms/SchemaForm";
import { errorsBelow, useArguments } from "@/forms/useArguments";

/** Submits a job, by a form made from the workflow's parameters; then shows how far its steps are. */
export function RunForm({ workflow }: { workflow: WorkflowDetail }) {
  const navigate = useNavigate();
  const form = useArguments(workflow);
  const run = useChange(
    (parameters: Record<string, unknown>) =>
      body(
        api.POST("/v1/workflows/{name}:run", {
          params: { path: { name: workflow.name } },
          body: { parameters, client: workflow.client },
        }),
      ),
    {
      done: (_, task) => `Job #${task.number} is accepted`,
      refresh: ["workflow-jobs", workflow.name],
      onDone: (task) =>
        void navigate({
          to: "/workflows/$workflow",
          params: { workflow: workflow.name },
          search: (known) => ({ ...known, job: String(task.number) }),
        }),
    },
  );
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    const parameters = form.read();
    if (parameters) {
      run.mutate(parameters);
    }
  };
  return (
    <form onSubmit={onSubmit} aria-label={`Run ${workflow.name}`}>
      <Stack>
        <SchemaForm
          fields={form.fields}
          entries={form.entries}
          onChange={form.setEntries}
          errors={{ ...errorsBelow("parameters", fieldErrors(run.error)), ...form.errors }}
        />
        {run.error && (
          <Alert color="red" role="alert">
            {run.error.message}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={run.isPending}>
            Run
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
