import type { Worker } from "@/api/types";
import type { LocalField } from "@/filters/local";

/** What workers are, in the order of a worker's life. */
export const WORKER_STATES = ["online", "draining", "gone", "lost"] as const;

/** What workers can be filtered by. */
export const WORKER_FIELDS: readonly LocalField<Worker>[] = [
  {
    name: "state",
    description: "In this state; several may be given",
    isRepeated: true,
    values: WORKER_STATES,
    valuesOf: (worker) => [worker.state],
  },
  { name: "queue", description: "That serves this queue", valuesOf: (worker) => worker.queues },
  { name: "operation", description: "That can run this operation", valuesOf: (worker) => worker.operations },
  { name: "text", description: "With this text in name or host", textOf: (worker) => `${worker.name} ${worker.host}` },
];
