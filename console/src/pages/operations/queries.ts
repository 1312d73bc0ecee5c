import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** Every operation that any process has loaded. */
export const operationsQuery = queryOptions({
  queryKey: ["operations"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/operations", { signal }))).items,
});

export const modulesQuery = queryOptions({
  queryKey: ["modules"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/modules", { signal }))).items,
});

/** One operation by its full name. */
export function operationQuery(name: string) {
  return queryOptions({
    queryKey: ["operations", name],
    queryFn: ({ signal }) => body(api.GET("/v1/operations/{name}", { params: { path: { name } }, signal })),
  });
}
