import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** A task by its number or id. */
export function taskQuery(ref: string) {
  return queryOptions({
    queryKey: ["task", ref],
    queryFn: ({ signal }) => body(api.GET("/v1/tasks/{task}", { params: { path: { task: ref } }, signal })),
  });
}
