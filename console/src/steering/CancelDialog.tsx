import { List, Loader, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body } from "@/api/client";
import type { Task } from "@/api/types";
import { ConfirmDialog } from "@/parts/ConfirmDialog";
import { count } from "@/parts/numbers";
import { toastDone } from "@/parts/toast";
import { ACTIVE } from "@/states/states";
import { TaskLine } from "@/states/TaskLine";

const SHOWN = 8;

/** Asks before a cancel, and shows every task that it would reach. */
export function CancelDialog({ task, onClose }: { task: Task; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const params = { path: { task: task.id } };
  const preview = useQuery({
    queryKey: ["cancel-preview", task.id],
    queryFn: ({ signal }) => body(api.GET("/v1/tasks/{task}/cancel-preview", { params, signal })),
    staleTime: 0,
  });
  const canceling = useMutation({
    mutationFn: () => body(api.POST("/v1/tasks/{task}:cancel", { params, body: { reason } })),
    onSuccess(after) {
      toastDone(`${ACTIVE.has(after.state) ? "Asked to stop" : "Canceled"}: ${task.name} #${task.number}`);
      onClose();
    },
  });
  const reached = preview.data?.items ?? [];
  const below = reached.filter((one) => one.id !== task.id);
  return (
    <ConfirmDialog
      title={`Stop ${task.name} #${task.number}?`}
      action="Stop"
      isDangerous
      isBusy={canceling.isPending}
      isDisabled={preview.isPending || (preview.isSuccess && reached.length === 0)}
      error={canceling.error ?? preview.error}
      onConfirm={() => canceling.mutate()}
      onClose={onClose}
    >
      {preview.isPending && <Loader size="xs" aria-label="Looking what it would reach" />}
      {preview.isSuccess && reached.length === 0 && <Text size="sm">It has ended: there is nothing to stop.</Text>}
      {reached.length > 0 && (
        <>
          <Text size="sm" mb="xs">
            {below.length === 0
              ? "Nothing is below it: this task alone stops."
              : `It stops with ${below.length === 1 ? "the task" : `${count(below.length)} tasks`} below it:`}
          </Text>
          <List size="sm" listStyleType="none" mb="md">
            {below.slice(0, SHOWN).map((one) => (
              <List.Item key={one.id}>
                <TaskLine task={one} />
              </List.Item>
            ))}
            {below.length > SHOWN && <List.Item>and {count(below.length - SHOWN)} more</List.Item>}
          </List>
          <TextInput
            label="Reason"
            description="Kept with the task's events"
            value={reason}
            maxLength={1000}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        </>
      )}
    </ConfirmDialog>
  );
}
