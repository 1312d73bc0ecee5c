import { List, Loader, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "@/parts/ConfirmDialog";
import { count } from "@/parts/numbers";
import { toastDone } from "@/parts/toast";
import { TaskLine } from "@/states/TaskLine";
import { STEERING, type Verb } from "@/steering/actions";
import { type BulkResult, type BulkTarget, previewBulk, runBulk } from "./bulk";

interface BulkDialogProps {
  verb: Verb;
  target: BulkTarget;
  onDone: () => void;
  onClose: () => void;
}

const REFUSALS_SHOWN = 5;

/** Shows what a bulk action would reach, does it after a confirmation, and says what was refused. */
export function BulkDialog({ verb, target, onDone, onClose }: BulkDialogProps) {
  const { title, explanation, isDangerous } = STEERING[verb];
  const [progress, setProgress] = useState<BulkResult>();
  const preview = useQuery({
    queryKey: ["bulk-preview", verb, target],
    queryFn: () => previewBulk(verb, target),
    staleTime: 0,
    gcTime: 0,
  });
  const running = useMutation({
    mutationFn: () => runBulk(verb, target, preview.data?.at ?? new Date().toISOString(), setProgress),
    onSuccess(result) {
      onDone();
      if (result.refused.length === 0) {
        toastDone(`${title}: ${tasks(result.changed)}`);
        onClose();
      }
    },
  });
  const reached = preview.data?.count ?? 0;
  return (
    <ConfirmDialog
      title={`${title} ${"ids" in target ? "the selected tasks" : "all tasks that fit the filter"}?`}
      action={preview.isSuccess ? `${title} ${count(reached)}${preview.data.at_least ? " or more" : ""}` : title}
      isDangerous={isDangerous}
      isBusy={running.isPending}
      isDisabled={!preview.isSuccess || reached === 0 || running.isSuccess}
      error={running.error ?? preview.error}
      onConfirm={() => running.mutate()}
      onClose={onClose}
    >
      <Text size="sm" mb="xs">
        {explanation}
      </Text>
      {preview.isPending && <Loader size="xs" aria-label="Looking what it would reach" />}
      {preview.isSuccess && (
        <>
          <Text size="sm" fw={600} mb={4}>
            {reached === 0
              ? "It would reach no task."
              : `It would reach ${preview.data.at_least ? "at least " : ""}${tasks(reached)}:`}
          </Text>
          <List size="sm" listStyleType="none">
            {preview.data.items.map((task) => (
              <List.Item key={task.id}>
                <TaskLine task={task} />
              </List.Item>
            ))}
            {reached > preview.data.items.length && (
              <List.Item>and {count(reached - preview.data.items.length)} more</List.Item>
            )}
          </List>
        </>
      )}
      {progress && (
        <Text size="sm" mt="md" role="status">
          {tasks(progress.changed)} done
          {progress.refused.length > 0 && `, ${tasks(progress.refused.length)} refused:`}
        </Text>
      )}
      {progress && progress.refused.length > 0 && (
        <List size="xs" listStyleType="none">
          {progress.refused.slice(0, REFUSALS_SHOWN).map(({ id, detail }) => (
            <List.Item key={id}>{detail}</List.Item>
          ))}
          {progress.refused.length > REFUSALS_SHOWN && (
            <List.Item>and {count(progress.refused.length - REFUSALS_SHOWN)} more</List.Item>
          )}
        </List>
      )}
    </ConfirmDialog>
  );
}

function tasks(number: number): string {
  return number === 1 ? "1 task" : `${count(number)} tasks`;
}
