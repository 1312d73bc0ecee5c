import type { State } from "@/api/types";

/** Every state, in the order of a task's life. */
export const STATES: readonly State[] = [
  "scheduled",
  "blocked",
  "queued",
  "paused",
  "running",
  "canceling",
  "completed",
  "failed",
  "canceled",
  "skipped",
];

export const WAITING: ReadonlySet<State> = new Set<State>(["scheduled", "blocked", "queued", "paused"]);
export const ACTIVE: ReadonlySet<State> = new Set<State>(["running", "canceling"]);
export const FINAL: ReadonlySet<State> = new Set<State>(["completed", "failed", "canceled", "skipped"]);

/** The colour that means the state, everywhere: see `states.css`. */
export function stateColor(state: State): string {
  return `var(--state-${state})`;
}
