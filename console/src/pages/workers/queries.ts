import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** Every worker: alive ones first, then those that are gone or lost for a while. */
export const workersQuery = queryOptions({
  queryKey: ["workers"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/workers", { signal }))).items,
});

/** One worker by its id. */
export function workerQuery(id: string) {
  return queryOptions({
    queryKey: ["workers", id],
    queryFn: ({ signal }) => body(api.GET("/v1/workers/{id}", { params: { path: { id } }, signal })),
  });
}
