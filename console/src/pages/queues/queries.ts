import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** Every queue that has tasks, workers or a pause. */
export const queuesQuery = queryOptions({
  queryKey: ["queues"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/queues", { signal }))).items,
});

/** Every pool, and how full it is. */
export const poolsQuery = queryOptions({
  queryKey: ["pools"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/pools", { signal }))).items,
});
