import { useNavigate } from "@tanstack/react-router";
import { useChange } from "@/api/change";
import { api, body } from "@/api/client";
import { SCHEDULES } from "./queries";

/** Lets a schedule tick, or not. */
export function useSetActive() {
  return useChange(
    ({ name, active }: { name: string; active: boolean }) =>
      body(api.PATCH("/v1/schedules/{name}", { params: { path: { name } }, body: { active } })),
    {
      done: ({ name, active }) => (active ? `${name} ticks again` : `${name} does not tick any more`),
      failed: "The schedule could not be changed",
      refresh: SCHEDULES,
    },
  );
}

/** Submits now what a schedule submits, and shows the task. */
export function useRunNow() {
  const navigate = useNavigate();
  return useChange((name: string) => body(api.POST("/v1/schedules/{name}:run", { params: { path: { name } } })), {
    done: (name, task) => `${name} has submitted task #${task.number}`,
    failed: "Nothing was submitted",
    refresh: SCHEDULES,
    onDone: (task) => void navigate({ to: "/tasks/$task", params: { task: String(task.number) } }),
  });
}
