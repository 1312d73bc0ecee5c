import { expect, it } from "vitest";
import type { StepNode } from "@/api/types";
import { drawingOf, NODE_WIDTH } from "./layout";

function step(name: string, rank: number, ...needs: string[]): StepNode {
  return {
    name,
    rank,
    needs,
    kind: "run",
    description: "",
    queue: "",
    when: "",
    for_each: "",
    on_failure: false,
  } as unknown as StepNode;
}

it("sets steps in columns, and draws a line for each need", () => {
  const drawing = drawingOf([step("a", 0), step("b", 1, "a"), step("c", 1, "a"), step("d", 2, "b", "c")]);
  const at = Object.fromEntries(drawing.nodes.map((node) => [node.step.name, node]));
  expect(at.a?.x).toBe(0);
  expect(at.b?.x).toBe(at.c?.x);
  expect(at.b?.x).toBeGreaterThan(NODE_WIDTH);
  expect(at.b?.y).not.toBe(at.c?.y);
  // Alone in its column a step is in the middle.
  expect(at.a?.y).toBe(((at.b?.y ?? 0) + (at.c?.y ?? 0)) / 2);
  expect(drawing.edges.map(({ from, to }) => `${from}-${to}`).sort()).toEqual(["a-b", "a-c", "b-d", "c-d"]);
});

it("keeps steps near what they need, so that lines cross less", () => {
  const drawing = drawingOf([step("a", 0), step("b", 0), step("of-b", 1, "b"), step("of-a", 1, "a")]);
  const y = (name: string) => drawing.nodes.find((node) => node.step.name === name)?.y ?? 0;
  expect(y("of-a")).toBeLessThan(y("of-b"));
});

it("draws nothing of nothing", () => {
  expect(drawingOf([])).toMatchObject({ nodes: [], edges: [] });
});
