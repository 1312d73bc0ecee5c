import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
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

/** What is right below a node of the tree of task `id`, after the node itself. */
export function branchQuery(id: string, node: string) {
  return queryOptions({
    queryKey: [...treeKey(id), node],
    queryFn: ({ signal }) =>
      body(
        api.GET("/v1/tasks/{task}/tree", {
          params: { path: { task: node }, query: { depth: 1, limit: BRANCH_MOST } },
          signal,
        }),
      ),
  });
}

/** Tasks of the tree of a root that failed, wherever they are in it. */
export function failedBelowQuery(id: string) {
  return queryOptions({
    queryKey: ["task-part", id, "failed"],
    queryFn: ({ signal }) =>
      body(
        api.GET("/v1/tasks", {
          params: { query: { root: id, state: ["failed"], internal: true, limit: 100 } },
          signal,
        }),
      ),
  });
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
