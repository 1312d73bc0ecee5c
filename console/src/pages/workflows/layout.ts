import type { StepNode } from "@/api/types";

export const NODE_WIDTH = 184;
export const NODE_HEIGHT = 52;
const GAP_X = 64;
const GAP_Y = 20;

export interface Placed {
  step: StepNode;
  x: number;
  y: number;
}

export interface Edge {
  from: string;
  to: string;
  /** An SVG path. */
  path: string;
}

export interface Drawing {
  nodes: Placed[];
  edges: Edge[];
  width: number;
  height: number;
}

/** Steps in columns by their rank, each as near as it can be to what it needs; and a line for every need. */
export function drawingOf(steps: readonly StepNode[]): Drawing {
  const columns: StepNode[][] = [];
  for (const step of steps) {
    let column = columns[step.rank];
    if (column === undefined) {
      column = [];
      columns[step.rank] = column;
    }
    column.push(step);
  }
  const rows = new Map<string, number>();
  const nodes: Placed[] = [];
  const tallest = Math.max(...columns.map((column) => column?.length ?? 0), 0);
  for (const [rank, column] of columns.entries()) {
    const wanted = new Map((column ?? []).map((step, place) => [step.name, meanRow(step, rows) ?? place]));
    const sorted = [...(column ?? [])].sort(
      (one, other) => (wanted.get(one.name) ?? 0) - (wanted.get(other.name) ?? 0),
    );
    const top = (tallest - sorted.length) / 2;
    for (const [place, step] of sorted.entries()) {
      const row = top + place;
      rows.set(step.name, row);
      nodes.push({ step, x: rank * (NODE_WIDTH + GAP_X), y: row * (NODE_HEIGHT + GAP_Y) });
    }
  }
  const placed = new Map(nodes.map((node) => [node.step.name, node]));
  const edges = nodes.flatMap((to) =>
    to.step.needs.flatMap((need) => {
      const from = placed.get(need);
      return from ? [{ from: need, to: to.step.name, path: line(from, to) }] : [];
    }),
  );
  return {
    nodes,
    edges,
    width: columns.length * (NODE_WIDTH + GAP_X) - GAP_X,
    height: tallest * (NODE_HEIGHT + GAP_Y) - GAP_Y,
  };
}

function meanRow(step: StepNode, rows: ReadonlyMap<string, number>): number | undefined {
  const known = step.needs.map((need) => rows.get(need)).filter((row) => row !== undefined);
  return known.length > 0 ? known.reduce((sum, row) => sum + row, 0) / known.length : undefined;
}

function line(from: Placed, to: Placed): string {
  const startX = from.x + NODE_WIDTH;
  const startY = from.y + NODE_HEIGHT / 2;
  const endY = to.y + NODE_HEIGHT / 2;
  const bend = Math.max((to.x - startX) / 2, GAP_X / 2);
  return `M${startX},${startY} C${startX + bend},${startY} ${to.x - bend},${endY} ${to.x},${endY}`;
}
