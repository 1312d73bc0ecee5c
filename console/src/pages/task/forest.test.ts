import { expect, it } from "vitest";
import type { TreeNode } from "@/api/types";
import { firstOpen, found, plant, visible } from "./forest";

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
  const part = plant(NODES.slice(0, 3), { read: new Set(), failed: [{ id: "b", parent_id: "a" }] });
  expect(part && visible(part, new Set(["root"])).map(({ node, isOpen }) => [node.id, isOpen])).toEqual([
    ["root", true],
    ["a", false],
    ["c", false],
  ]);
  // The failed task itself has not been read, but the way to it is known.
  expect([...(part?.failedPath ?? [])].sort()).toEqual(["a", "b", "root"]);
  const read = plant(NODES.slice(0, 3), { read: new Set(["c"]), failed: [] });
  expect([...(read?.frontier ?? [])]).toEqual(["a"]);
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
