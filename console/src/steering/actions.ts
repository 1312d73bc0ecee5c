import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, api, body } from "@/api/client";
import type { Task } from "@/api/types";
import { toastDone, toastFailed } from "@/parts/toast";
import { ACTIVE, FINAL, WAITING } from "@/states/states";

export type Verb = "cancel" | "pause" | "resume" | "rerun" | "persist" | "delete";

interface Steering {
  title: string;
  /** What it does, as a sentence about several tasks. */
  explanation: string;
  isDangerous?: boolean;
  /** Whether the server will do it to a task like this, as far as can be told from here. */
  fits: (task: Task) => boolean;
}

/** What can be done to tasks, one or many. */
export const STEERING: Record<Verb, Steering> = {
  cancel: {
    title: "Cancel",
    explanation: "What waits ends at once; what runs is asked to stop, with everything below it.",
    isDangerous: true,
    fits: (task) => !FINAL.has(task.state) && task.abortable,
  },
  pause: {
    title: "Pause",
    explanation: "What waits leaves its line until it is resumed. What runs pauses if its operation can.",
    fits: (task) => task.state !== "paused" && (WAITING.has(task.state) || task.state === "running"),
  },
  resume: {
    title: "Resume",
    explanation: "Paused tasks go back in line, behind those that wait already.",
    fits: (task) => task.state === "paused",
  },
  rerun: {
    title: "Rerun",
    explanation: "A new task with the same arguments takes the place of each that has ended.",
    fits: (task) => FINAL.has(task.state) && task.kind === "task" && task.parent_id === null,
  },
  persist: {
    title: "Keep for good",
    explanation: "No retention removes them; deleting them still does.",
    fits: (task) => !task.persist,
  },
  delete: {
    title: "Delete",
    explanation: "They are forgotten with everything below them. This cannot be taken back.",
    isDangerous: true,
    fits: (task) => FINAL.has(task.state) && task.parent_id === null,
  },
};

const path = (id: string) => ({ params: { path: { task: id } } });

function steer(verb: Verb, id: string): Promise<unknown> {
  switch (verb) {
    case "cancel":
      return body(api.POST("/v1/tasks/{task}:cancel", path(id)));
    case "pause":
      return body(api.POST("/v1/tasks/{task}:pause", path(id)));
    case "resume":
      return body(api.POST("/v1/tasks/{task}:resume", path(id)));
    case "rerun":
      return body(api.POST("/v1/tasks/{task}:rerun", path(id)));
    case "persist":
      return body(api.POST("/v1/tasks/{task}:persist", path(id)));
    case "delete":
      return body(api.DELETE("/v1/tasks/{task}", path(id)));
  }
}

const DONE: Record<Verb, (task: Task) => string> = {
  cancel: (task) => (ACTIVE.has(task.state) ? "Asked to stop" : "Canceled"),
  pause: (task) => (task.state === "running" ? "Pauses at its next checkpoint" : "Paused"),
  resume: () => "Back in line",
  rerun: () => "Runs again",
  persist: () => "Kept for good",
  delete: () => "Deleted",
};

/** Does something to one task, and says how that went. A refusal shows the task as the server has it. */
export function useSteering(onDone?: (verb: Verb, answer: unknown) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ verb, task }: { verb: Verb; task: Task }) => steer(verb, task.id),
    onSuccess(answer, { verb, task }) {
      toastDone(`${DONE[verb](task)}: ${task.name} #${task.number}`);
      onDone?.(verb, answer);
    },
    onError(error, { verb, task }) {
      toastFailed(`${STEERING[verb].title} was refused: ${task.name} #${task.number}`, error);
      if (error instanceof ApiError && error.problem.task) {
        client.setQueryData(["task", String(task.number)], error.problem.task);
      }
    },
  });
}
