import type { Progress, State, Task, TaskError, TaskEvent } from "@/api/types";
import { FINAL } from "@/states/states";

/** What of a task its events tell. */
type Changing = Pick<Task, "id" | "state" | "attempt" | "progress" | "error" | "started_at" | "finished_at"> &
  Partial<Pick<Task, "worker" | "priority" | "run_at" | "gate" | "persist" | "labels" | "updated_at">>;

/** The task as it is after the event, which is one of its own. The same object when nothing of it changed. */
export function patched<T extends Changing>(task: T, event: TaskEvent): T {
  const data = event.data;
  switch (event.kind) {
    case "state": {
      const state = data.state as State;
      return {
        ...task,
        state,
        attempt: (data.attempt as number | undefined) ?? task.attempt,
        error: (data.error as TaskError | undefined) ?? task.error,
        progress: (data.progress as Progress | undefined) ?? task.progress,
        worker: state === "running" ? ((data.worker as string | undefined) ?? task.worker) : task.worker,
        started_at: state === "running" && data.from !== "running" ? event.at : task.started_at,
        finished_at: FINAL.has(state) ? event.at : null,
        updated_at: event.at,
      };
    }
    case "progress":
      return { ...task, progress: data.progress as Progress };
    case "updated": {
      const known = Object.entries(data).filter(([name]) => name in task);
      return known.length > 0 ? { ...task, ...Object.fromEntries(known) } : task;
    }
    default:
      return task;
  }
}

/** The rows with the events applied to those that they are about; the same array when they are about none. */
export function patchedAll<T extends Changing>(rows: T[], events: readonly TaskEvent[]): T[] {
  const byTask = new Map<string, TaskEvent[]>();
  for (const event of events) {
    const known = byTask.get(event.task_id);
    if (known) {
      known.push(event);
    } else {
      byTask.set(event.task_id, [event]);
    }
  }
  let isChanged = false;
  const next = rows.map((row) => {
    const own = byTask.get(row.id);
    if (!own) {
      return row;
    }
    const after = own.reduce(patched, row);
    isChanged ||= after !== row;
    return after;
  });
  return isChanged ? next : rows;
}
