import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** Every workflow, those whose file is wrong too. */
export const workflowsQuery = queryOptions({
  queryKey: ["workflows"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/workflows", { signal }))).items,
});

/** One workflow with its parameters and its steps, as a client sees it. */
export function workflowQuery(name: string, client: string) {
  return queryOptions({
    queryKey: ["workflows", name, client],
    queryFn: ({ signal }) =>
      body(api.GET("/v1/workflows/{name}", { params: { path: { name }, query: { client } }, signal })),
  });
}

/** What a job runs, and how far each step is. */
export function jobQuery(task: string) {
  return queryOptions({
    queryKey: ["job", task],
    queryFn: ({ signal }) => body(api.GET("/v1/tasks/{task}/workflow", { params: { path: { task } }, signal })),
  });
}
