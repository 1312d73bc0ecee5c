import { describe, expect, it } from "vitest";
import type { Task, TaskEvent } from "@/api/types";
import { patched, patchedAll } from "./patch";

const TASK = {
  id: "a",
  state: "running",
  attempt: 1,
  progress: { done: 3, total: 4, unit: "", message: "" },
  error: null,
  worker: "w",
  priority: 5,
  started_at: "2030-01-01T00:00:00Z",
  finished_at: null,
} as unknown as Task;

const AT = "2030-01-01T00:00:09Z";
const event = (kind: string, data: Record<string, unknown>, task_id = "a") =>
  ({ cursor: "1", task_id, root_id: "a", kind, at: AT, data }) as TaskEvent;

describe("a task after an event", () => {
  it("has ended, with the last of its progress", () => {
    const end = event("state", { state: "completed", from: "running", attempt: 1, progress: { done: 4, total: 4 } });
    expect(patched(TASK, end)).toMatchObject({ state: "completed", finished_at: AT, progress: { done: 4 } });
  });

  it("keeps its progress and its start when the event tells none", () => {
    const canceling = patched(TASK, event("state", { state: "canceling", from: "running" }));
    expect(canceling).toMatchObject({ started_at: TASK.started_at, progress: TASK.progress, finished_at: null });
  });

  it("starts anew with another attempt", () => {
    const claimed = event("state", { state: "running", from: "queued", attempt: 2, worker: "other" });
    expect(patched({ ...TASK, state: "queued" }, claimed)).toMatchObject({
      attempt: 2,
      worker: "other",
      started_at: AT,
    });
  });

  it("has got on, or was changed", () => {
    expect(patched(TASK, event("progress", { progress: { done: 9 } })).progress).toEqual({ done: 9 });
    expect(patched(TASK, event("updated", { priority: 1 })).priority).toBe(1);
    expect(patched(TASK, event("updated", { pausing: true }))).toBe(TASK);
    expect(patched(TASK, event("report", {}))).toBe(TASK);
  });
});

it("leaves rows alone that no event is about", () => {
  const rows = [TASK];
  expect(patchedAll(rows, [event("progress", {}, "b")])).toBe(rows);
  expect(patchedAll(rows, [event("progress", { progress: { done: 1 } })])[0]?.progress).toEqual({ done: 1 });
});
