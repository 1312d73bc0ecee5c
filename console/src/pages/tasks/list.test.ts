import { expect, it } from "vitest";
import type { Task, TaskEvent } from "@/api/types";
import { pagesAfter, pagesWithHead, type TaskPages } from "./list";

const task = (id: string, state = "running") =>
  ({ id, root_id: id, state, attempt: 1, progress: {}, error: null, started_at: null, finished_at: null }) as Task;

const event = (task_id: string, kind: string, data: Record<string, unknown> = {}) =>
  ({ cursor: "1", task_id, root_id: task_id, kind, at: "2030-01-01T00:00:00Z", data }) as TaskEvent;

const list = (...pages: Task[][]): TaskPages => ({
  pages: pages.map((items) => ({ items, next: "more" })),
  pageParams: pages.map(() => undefined),
});

const ids = (data: TaskPages) => data.pages.map((page) => page.items.map(({ id }) => id));

it("changes rows in place and leaves other pages alone", () => {
  const before = list([task("a"), task("b")], [task("c")]);
  const after = pagesAfter(before, [event("b", "state", { state: "completed", from: "running", attempt: 1 })], {});
  expect(after.pages[0]?.items[1]).toMatchObject({ state: "completed", finished_at: "2030-01-01T00:00:00Z" });
  expect(after.pages[1]).toBe(before.pages[1]);
  expect(pagesAfter(before, [event("z", "state", { state: "failed" })], {})).toBe(before);
});

it("takes rows away that were removed, or left the states that were asked for", () => {
  const before = list([task("a"), task("b"), task("c")]);
  expect(ids(pagesAfter(before, [event("b", "deleted")], {}))).toEqual([["a", "c"]]);
  const ended = [event("a", "state", { state: "completed", from: "running" })];
  expect(ids(pagesAfter(before, ended, { state: ["running"] }))).toEqual([["b", "c"]]);
});

it("puts new rows on top, without a repetition", () => {
  const after = pagesWithHead(list([task("b"), task("c")], [task("d")]), {
    items: [task("a"), task("b", "completed")],
  });
  expect(ids(after)).toEqual([["a", "b", "c"], ["d"]]);
  expect(after.pages[0]?.items[1]?.state).toBe("completed");
});

it("begins anew when more has come than one page shows", () => {
  const after = pagesWithHead(list([task("c")], [task("d")]), { items: [task("a"), task("b")], next: "x" });
  expect(ids(after)).toEqual([["a", "b"]]);
});
