import { useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Task } from "@/api/types";

const ANSWERED_WITHIN = "wait=10";

interface Asked {
  operation: string;
  args: Record<string, unknown>;
}

/** Submits a task of the module and waits a moment for its end; `onDone` gets the task as it is then. */
export function useAsk(onDone: (task: Task) => void) {
  return useChange(
    async ({ operation, args }: Asked) =>
      (await body(
        api.POST("/v1/tasks", {
          body: { operation, args },
          headers: { Prefer: ANSWERED_WITHIN },
        }),
      )) as Task,
    { refresh: ["cache-tasks"], onDone },
  );
}
