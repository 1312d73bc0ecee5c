import type { TreeNode } from "@/api/types";

/** A tree as its pages need it: who is below whom, and where something failed. */
export interface Forest {
  root: TreeNode;
  children: ReadonlyMap<string, TreeNode[]>;
  /** Nodes that may have something below them which has not been read. */
  frontier: ReadonlySet<string>;
  /** Nodes that failed, and those with one of them below. */
  failedPath: ReadonlySet<string>;
}

/** What is known of a tree of which not all has been read. */
export interface Unread {
  /** Nodes of which all that is right below has been read. */
  read: ReadonlySet<string>;
  /** Tasks that failed, perhaps among those that have not been read. */
  failed: readonly Pick<TreeNode, "id" | "parent_id">[];
}

/**
 * From the nodes as the server lists them: parents before children. There must be one.
 *
 * With `unread` the nodes are not all of the tree.
 */
export function plant(nodes: readonly TreeNode[], unread?: Unread): Forest | undefined {
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
  for (const { id, parent_id } of unread?.failed ?? []) {
    failedPath.add(id);
    if (parent_id !== null) {
      failedPath.add(parent_id);
    }
  }
  const frontier = new Set<string>();
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
    if (unread && !children.has(node.id) && !node.folded && !unread.read.has(node.id)) {
      frontier.add(node.id);
    }
  }
  return { root, children, frontier, failedPath };
}

export interface Row {
  node: TreeNode;
  depth: number;
  /** Nothing to open; otherwise whether it is open. */
  isOpen: boolean | null;
}

/** The rows in sight, in the order of a walk, of what is open. */
export function visible(forest: Forest, open: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const stack: { node: TreeNode; depth: number }[] = [{ node: forest.root, depth: 0 }];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const below = forest.children.get(top.node.id);
    const isOpen = below ? open.has(top.node.id) : forest.frontier.has(top.node.id) ? false : null;
    rows.push({ ...top, isOpen });
    if (below && isOpen) {
      for (let index = below.length - 1; index >= 0; index -= 1) {
        const node = below[index];
        if (node) {
          stack.push({ node, depth: top.depth + 1 });
        }
      }
    }
  }
  return rows;
}

/** The rows that a search finds, each with everything above it. */
export function found(forest: Forest, text: string): Row[] {
  const sought = text.toLowerCase();
  const kept = new Set<string>();
  const all = visible(forest, new Set(forest.children.keys()));
  for (let index = all.length - 1; index >= 0; index -= 1) {
    const { node } = all[index] as Row;
    if (kept.has(node.id) || `${node.name} ${node.operation} ${node.state}`.toLowerCase().includes(sought)) {
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
