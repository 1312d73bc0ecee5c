import type { TreeNode } from "@/api/types";

/** A tree as its pages need it: who is below whom, and where something failed. */
export interface Forest {
  root: TreeNode;
  children: ReadonlyMap<string, TreeNode[]>;
  /** Nodes that may have something below them which has not been read. */
  frontier: ReadonlySet<string>;
  /** Nodes that failed, and those with one of them below. */
  failedPath: ReadonlySet<string>;
  /** How many folded steps right below a node the server tells of and does not show. */
  hidden: ReadonlyMap<string, number>;
}

/**
 * From the nodes as the server lists them: parents before children. There must be one.
 *
 * With `whole` the nodes are not all of the tree: these are the nodes of which all that is right below is among them.
 */
export function plant(nodes: readonly TreeNode[], whole?: ReadonlySet<string>): Forest | undefined {
  const [root] = nodes;
  if (!root) {
    return undefined;
  }
  const children = new Map<string, TreeNode[]>();
  for (const node of nodes) {
    if (node !== root && node.parent_id !== null) {
      const known = children.get(node.parent_id);
      if (known) {
        known.push(node);
      } else {
        children.set(node.parent_id, [node]);
      }
    }
  }
  const failedPath = new Set<string>();
  const frontier = new Set<string>();
  const hidden = new Map<string, number>();
  // From the deepest up, so that a parent is looked at after all of its children.
  for (let index = nodes.length - 1; index >= 0; index -= 1) {
    const node = nodes[index];
    if (!node) {
      continue;
    }
    if (node.state === "failed" || failedPath.has(node.id) || (node.dropped?.failed ?? 0) > 0) {
      failedPath.add(node.id);
      if (node.parent_id !== null && node !== root) {
        failedPath.add(node.parent_id);
      }
    }
    if (whole) {
      const missing = (node.folded_count ?? 0) - foldedAmong(children.get(node.id));
      if (!whole.has(node.id)) {
        // What has folded tells how much is in it, so that only a live node may hold something unknown.
        if (!node.folded || missing > 0) {
          frontier.add(node.id);
        }
      } else if (missing > 0) {
        hidden.set(node.id, missing);
      }
    }
  }
  return { root, children, frontier, failedPath, hidden };
}

function foldedAmong(nodes: readonly TreeNode[] = []): number {
  return nodes.reduce((sum, node) => sum + (node.folded ? 1 : 0), 0);
}

/**
 * The nodes of an answer that was cut, of which all that is right below is in it.
 *
 * The answer lists level by level: it was cut among the children of the last one's parent. Who comes before that parent
 * had its children listed.
 */
export function wholeIn(nodes: readonly TreeNode[]): Set<string> {
  const cut = nodes.at(-1)?.parent_id;
  const end = nodes.findIndex(({ id }) => id === cut);
  return new Set(nodes.slice(0, Math.max(end, 0)).map(({ id }) => id));
}

/** Each node once, as it is met first. */
export function joined(lists: readonly (readonly TreeNode[])[]): TreeNode[] {
  const known = new Set<string>();
  return lists.flatMap((nodes) => nodes.filter(({ id }) => !known.has(id) && known.add(id)));
}

/** Those nodes that hang, by each other, on what is known already: parents before children. */
export function grafts(nodes: readonly TreeNode[], known: ReadonlySet<string>): TreeNode[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const placed = new Set<string>();
  const hanging: TreeNode[] = [];
  for (const node of nodes) {
    const way: TreeNode[] = [];
    let above: TreeNode | undefined = node;
    while (above && !known.has(above.id) && !placed.has(above.id)) {
      way.push(above);
      const parent: string | null = above.parent_id;
      if (parent !== null && (known.has(parent) || placed.has(parent))) {
        for (const each of way.reverse()) {
          placed.add(each.id);
          hanging.push(each);
        }
        break;
      }
      above = parent === null ? undefined : byId.get(parent);
    }
  }
  return hanging;
}

export interface Row {
  node: TreeNode;
  depth: number;
  /** Nothing to open; otherwise whether it is open. */
  isOpen: boolean | null;
  /** Stands behind the children of the node for those that have not been read. */
  isMore?: true;
}

/** Names a row among all rows. */
export function rowKey({ node, isMore }: Row): string {
  return isMore ? `${node.id}-more` : node.id;
}

/** The rows in sight, in the order of a walk, of what is open. */
export function visible(forest: Forest, open: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const stack: Omit<Row, "isOpen">[] = [{ node: forest.root, depth: 0 }];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { node, depth } = top;
    if (top.isMore) {
      rows.push({ ...top, isOpen: null });
      continue;
    }
    const below = forest.children.get(node.id);
    const isOpen = below ? open.has(node.id) : forest.frontier.has(node.id) ? false : null;
    rows.push({ ...top, isOpen });
    if (below && isOpen) {
      if (forest.frontier.has(node.id)) {
        stack.push({ node, depth: depth + 1, isMore: true });
      }
      for (let index = below.length - 1; index >= 0; index -= 1) {
        const child = below[index];
        if (child) {
          stack.push({ node: child, depth: depth + 1 });
        }
      }
    }
  }
  return rows;
}

/** All that has been read, in the order of a walk. */
export function walked(forest: Forest): Row[] {
  return visible(forest, new Set(forest.children.keys())).filter(({ isMore }) => !isMore);
}

/** The rows that a search finds, and those that the server found by more than is shown, each with everything above it. */
export function found(forest: Forest, text: string, hits: ReadonlySet<string> = new Set()): Row[] {
  const sought = text.toLowerCase();
  const kept = new Set<string>();
  const all = walked(forest);
  for (let index = all.length - 1; index >= 0; index -= 1) {
    const { node } = all[index] as Row;
    const isHit = hits.has(node.id) || `${node.name} ${node.operation} ${node.state}`.toLowerCase().includes(sought);
    if (isHit || kept.has(node.id)) {
      kept.add(node.id);
      if (node.parent_id !== null) {
        kept.add(node.parent_id);
      }
    }
  }
  return all.filter(({ node }) => kept.has(node.id));
}

const SMALL = 200;

/** What is open at first: all of a small tree; of a large one the root and the way to what failed. */
export function firstOpen(forest: Forest, nodeCount: number): Set<string> {
  return nodeCount <= SMALL ? new Set(forest.children.keys()) : new Set([forest.root.id, ...forest.failedPath]);
}
