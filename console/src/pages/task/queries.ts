import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { Task, TreeNode } from "@/api/types";
import { FINAL } from "@/states/states";

const UNFINISHED = ["scheduled", "blocked", "queued", "paused", "running", "canceling"] as const;

/** A task by its number or id. */
export function taskQuery(ref: string) {
  return queryOptions({
    queryKey: ["task", ref],
    queryFn: ({ signal }) => body(api.GET("/v1/tasks/{task}", { params: { path: { task: ref } }, signal })),
  });
}

/** How many nodes of a tree are read at first; the others when somebody opens the node above them. */
const TREE_FIRST = 5_000;
const BRANCH_MOST = 10_000;
const PAGE_MOST = 500;
/** How many pages of a search are looked through, and how many tasks are read to know what is above what was found. */
const SEARCH_PAGES = 10;
const ABOVE_MOST = 100;

/** A part of a tree that is asked for: what is below a node, from its beginning, at any depth or behind a place. */
export interface Part {
  node: string;
  isDeep?: true;
  since?: string;
  after?: string;
}

/** A part of a tree as it was read. All of them have `nodes`, which events change in place. */
export interface TreePart {
  nodes: TreeNode[];
  /** What to ask for the part behind it. */
  next?: Part | undefined;
}

export function treeKey(id: string) {
  return ["task-part", id, "tree"];
}

export function treeQuery(id: string) {
  return queryOptions({
    queryKey: [...treeKey(id), "first"],
    queryFn: ({ signal }) =>
      body(api.GET("/v1/tasks/{task}/tree", { params: { path: { task: id }, query: { limit: TREE_FIRST } }, signal })),
  });
}

/**
 * A part of the tree of task `id`.
 *
 * What is right below a node comes in one answer, with what has folded; an answer that is full goes on by pages.
 */
export function partQuery(id: string, part: Part) {
  return queryOptions({
    queryKey: [...treeKey(id), "part", part],
    async queryFn({ signal }): Promise<TreePart> {
      const { node, isDeep, since, after } = part;
      if (since !== undefined) {
        const query = {
          parent: node,
          internal: true,
          sort: "created",
          created_since: since,
          limit: PAGE_MOST,
        } as const;
        const page = await body(
          api.GET("/v1/tasks", { params: { query: { ...query, ...(after !== undefined && { after }) } }, signal }),
        );
        return { nodes: page.items.map(nodeOf), next: page.next ? { node, since, after: page.next } : undefined };
      }
      const query = { limit: BRANCH_MOST, ...(!isDeep && { depth: 1 }) };
      const tree = await body(api.GET("/v1/tasks/{task}/tree", { params: { path: { task: node }, query }, signal }));
      return { nodes: tree.nodes, next: isDeep ? undefined : behind(node, tree) };
    },
  });
}

/**
 * Where an answer that was cut goes on: behind its last task. Folded steps come after all tasks, and no page has them.
 *
 * It may have been cut only below these children; then the page behind it tells that there are no more.
 */
function behind(node: string, { nodes, truncated }: { nodes: readonly TreeNode[]; truncated: boolean }) {
  const last = nodes.at(-1);
  return !truncated || !last || last.folded ? undefined : { node, since: last.created_at };
}

/** Tasks that failed, wherever they are in the tree of a root, and those above them that `known` does not have. */
export function failedBelowQuery(id: string, root: string, known: () => ReadonlySet<string>) {
  return queryOptions({
    queryKey: [...treeKey(id), "failed"],
    async queryFn({ signal }): Promise<TreePart> {
      const page = await body(
        api.GET("/v1/tasks", {
          params: { query: { root, state: ["failed"], internal: true, limit: PAGE_MOST } },
          signal,
        }),
      );
      return { nodes: await withAbove(page.items, known(), signal) };
    },
  });
}

/** What fits a text in all of the tree of a root. */
export interface Hits extends TreePart {
  hits: string[];
  /** Whether all of the tree's tasks have been looked through. */
  isAll: boolean;
}

/** Tasks of the tree of a root with a text, and those above them that `known` does not have. */
export function hitsQuery(id: string, root: string, text: string, known: () => ReadonlySet<string>) {
  return queryOptions({
    queryKey: [...treeKey(id), "hits", text],
    async queryFn({ signal }): Promise<Hits> {
      const items: Task[] = [];
      let after: string | undefined;
      // A page may be short and not the last.
      for (let pages = 0; pages < SEARCH_PAGES && items.length < PAGE_MOST; pages += 1) {
        const query = { root, text, internal: true, limit: PAGE_MOST, ...(after !== undefined && { after }) };
        const page = await body(api.GET("/v1/tasks", { params: { query }, signal }));
        items.push(...page.items);
        after = page.next ?? undefined;
        if (after === undefined) {
          break;
        }
      }
      const nodes = await withAbove(items, known(), signal);
      return { nodes, hits: items.map((task) => task.id), isAll: after === undefined };
    },
  });
}

/** The tasks, and those above them up to what is known. */
async function withAbove(tasks: Task[], known: ReadonlySet<string>, signal: AbortSignal): Promise<TreeNode[]> {
  const read = new Map(tasks.map((task) => [task.id, task]));
  let room = ABOVE_MOST;
  for (let level = tasks; level.length > 0; ) {
    const parents = new Set(level.flatMap(({ parent_id }) => parent_id ?? []));
    const missing = [...parents].filter((parent) => !known.has(parent) && !read.has(parent)).slice(0, room);
    room -= missing.length;
    const answers = await Promise.allSettled(
      missing.map((task) => body(api.GET("/v1/tasks/{task}", { params: { path: { task } }, signal }))),
    );
    // One may have gone meanwhile, and what is below it.
    level = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    for (const task of level) {
      read.set(task.id, task);
    }
  }
  return [...read.values()].map(nodeOf);
}

/** A task as a node of a tree; its depth is known by who is above it. */
function nodeOf(task: Task): TreeNode {
  return { ...task, depth: 0, folded: false };
}

export function whyQuery(id: string) {
  return queryOptions({
    queryKey: ["task-part", id, "why"],
    queryFn: ({ signal }) => body(api.GET("/v1/tasks/{task}/why", { params: { path: { task: id } }, signal })),
  });
}

export function reportsQuery(id: string) {
  return queryOptions({
    queryKey: ["task-part", id, "reports"],
    queryFn: ({ signal }) => body(api.GET("/v1/tasks/{task}/reports", { params: { path: { task: id } }, signal })),
  });
}

export function createdQuery(id: string) {
  return queryOptions({
    queryKey: ["task-part", id, "created"],
    queryFn: ({ signal }) => body(api.GET("/v1/tasks/{task}/created", { params: { path: { task: id } }, signal })),
  });
}

export function attemptsQuery(id: string) {
  return queryOptions({
    queryKey: ["task-part", id, "attempts"],
    queryFn: ({ signal }) => body(api.GET("/v1/tasks/{task}/attempts", { params: { path: { task: id } }, signal })),
  });
}

/** Who locks a resource or waits for it, the oldest first. */
export function resourceQuery(id: string, resource: string) {
  return queryOptions({
    queryKey: ["task-part", id, "resource", resource],
    async queryFn({ signal }) {
      const page = await body(
        api.GET("/v1/tasks", {
          params: { query: { resource, state: [...UNFINISHED], sort: "created", internal: true, limit: 50 } },
          signal,
        }),
      );
      return page.items.filter((task) => !FINAL.has(task.state));
    },
  });
}

/** The attempts of a node of a tree, as they are now that it is at this one and in this state. */
export function attemptsOfQuery({ id, attempt, state }: Pick<TreeNode, "id" | "attempt" | "state">) {
  const { queryKey, queryFn } = attemptsQuery(id);
  return queryOptions({ queryKey: [...queryKey, String(attempt), state], queryFn });
}
