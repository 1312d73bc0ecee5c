import { expect, it } from "vitest";
import type { TreeNode } from "@/api/types";
import { firstOpen, found, grafts, joined, plant, rowKey, visible, walked, wholeIn } from "./forest";

const node = (id: string, parent_id: string | null, state = "completed", name = id) =>
  ({ id, parent_id, state, name, operation: "m.op", dropped: {} }) as unknown as TreeNode;

/** root ─┬─ a ─── b (failed) ; └─ c ─── d */
const NODES = [node("root", null), node("a", "root"), node("c", "root"), node("b", "a", "failed"), node("d", "c")];

const forestOf = (nodes: TreeNode[]) => {
  const forest = plant(nodes);
  if (!forest) {
    throw new Error("no nodes");
  }
  return forest;
};
const ids = (rows: { node: TreeNode }[]) => rows.map(({ node }) => node.id);

it("walks what is open", () => {
  const forest = forestOf(NODES);
  expect(ids(visible(forest, new Set()))).toEqual(["root"]);
  expect(ids(visible(forest, new Set(["root"])))).toEqual(["root", "a", "c"]);
  const rows = visible(forest, new Set(["root", "c"]));
  expect(rows.map(({ depth, isOpen }) => [depth, isOpen])).toEqual([
    [0, true],
    [1, false],
    [1, true],
    [2, null],
  ]);
});

it("knows the way to what failed, and to what was forgotten after it failed", () => {
  expect([...forestOf(NODES).failedPath].sort()).toEqual(["a", "b", "root"]);
  const folded = [node("root", null), { ...node("a", "root"), dropped: { failed: 2 } }];
  expect(forestOf(folded).failedPath.has("root")).toBe(true);
});

it("does not follow a parent that is not shown", () => {
  const forest = forestOf([node("a", "elsewhere", "failed")]);
  expect(ids(visible(forest, new Set(["a"])))).toEqual(["a"]);
  expect([...forest.failedPath]).toEqual(["a"]);
});

it("offers to open what has not been read, until it has", () => {
  const part = plant(NODES.slice(0, 3), new Set(["root"]));
  expect(part && visible(part, new Set(["root"])).map(({ node, isOpen }) => [node.id, isOpen])).toEqual([
    ["root", true],
    ["a", false],
    ["c", false],
  ]);
  const read = plant(NODES.slice(0, 3), new Set(["root", "c"]));
  expect([...(read?.frontier ?? [])]).toEqual(["a"]);
});

it("reads on behind children that were cut", () => {
  const wide = [node("root", null), node("a", "root"), node("c", "root")];
  const whole = wholeIn(wide);
  expect([...whole]).toEqual([]);
  const forest = plant(wide, whole);
  const rows = forest ? visible(forest, new Set(["root"])) : [];
  expect(rows.map(rowKey)).toEqual(["root", "a", "c", "root-more"]);
  expect(rows.map(({ depth, isOpen }) => [depth, isOpen]).at(-1)).toEqual([1, null]);
  // It is no node: a walk over all nodes and a search pass it by.
  expect(forest && ids(walked(forest))).toEqual(["root", "a", "c"]);
  expect(forest && ids(found(forest, "root"))).toEqual(["root"]);
  const all = plant([...wide, node("e", "root")], new Set(["root", "a", "c", "e"]));
  expect(all && visible(all, new Set(["root"])).map(rowKey)).toEqual(["root", "a", "c", "e"]);
});

it("puts what is read on where the inner node ends", () => {
  const forest = plant(NODES, new Set(["root", "c", "b", "d"]));
  expect(forest && visible(forest, new Set(["root", "a", "c"])).map(rowKey)).toEqual([
    "root",
    "a",
    "b",
    "a-more",
    "c",
    "d",
  ]);
});

it("knows which nodes of a cut answer have all their children in it", () => {
  // d, the last, is below c: what comes before c is whole, and what is behind was not looked at.
  expect([...wholeIn(NODES)]).toEqual(["root", "a"]);
  expect([...wholeIn(NODES.slice(0, 1))]).toEqual([]);
});

it("opens a folded step only for what is known to be in it, and counts what is not shown", () => {
  const folded = (id: string, folded_count: number) => ({ ...node(id, "root"), folded: true, folded_count });
  const nodes = [{ ...node("root", null), folded_count: 3 }, folded("empty", 0), folded("full", 2)];
  const forest = plant(nodes, new Set(["root"]));
  expect([...(forest?.frontier ?? [])]).toEqual(["full"]);
  expect([...(forest?.hidden ?? [])]).toEqual([["root", 1]]);
});

it("joins parts, each node once and in order", () => {
  expect(joined([NODES.slice(0, 3), NODES.slice(1, 4), NODES.slice(4)]).map(({ id }) => id)).toEqual(
    NODES.map(({ id }) => id),
  );
});

it("grafts what hangs on what is known, parents first", () => {
  const beyond = [node("deep", "mid", "failed"), node("mid", "a"), node("elsewhere", "other"), node("a", "root")];
  const known = new Set(["root", "a"]);
  const grafted = grafts(beyond, known);
  expect(grafted.map(({ id }) => id)).toEqual(["mid", "deep"]);
  const forest = plant([node("root", null), node("a", "root"), ...grafted], new Set(["root"]));
  // The way to a failed task beyond what was read can be walked, and the rest of its siblings read.
  expect([...(forest?.failedPath ?? [])].sort()).toEqual(["a", "deep", "mid", "root"]);
  expect(forest && visible(forest, new Set(["root", "a", "mid"])).map(rowKey)).toEqual([
    "root",
    "a",
    "mid",
    "deep",
    "mid-more",
    "a-more",
  ]);
});

it("shows what the server found by what is not in sight", () => {
  expect(ids(found(forestOf(NODES), "label", new Set(["d"])))).toEqual(["root", "c", "d"]);
});

it("finds by name or state, with everything above", () => {
  expect(ids(found(forestOf(NODES), "FAILED"))).toEqual(["root", "a", "b"]);
  expect(ids(found(forestOf(NODES), "d"))).toEqual(["root", "a", "c", "b", "d"].sort(order));
  expect(found(forestOf(NODES), "nowhere")).toEqual([]);
});

const order = (one: string, other: string) =>
  ["root", "a", "b", "c", "d"].indexOf(one) - ["root", "a", "b", "c", "d"].indexOf(other);

it("opens a large tree only where something failed", () => {
  const forest = forestOf(NODES);
  expect(firstOpen(forest, 5)).toEqual(new Set(["root", "a", "c"]));
  expect([...firstOpen(forest, 100_000)].sort()).toEqual(["a", "b", "root"]);
});

it("plants and walks 100,000 nodes within a moment", () => {
  const many = [node("root", null), ...Array.from({ length: 99_999 }, (_, index) => node(`n${index}`, "root"))];
  const forest = forestOf(many);
  expect(visible(forest, new Set(["root"]))).toHaveLength(100_000);
});
