import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** Begins the keys of all queries about schedules. */
export const SCHEDULES = ["schedules"] as const;

/** Every schedule, with its last and next ticks. */
export const schedulesQuery = queryOptions({
  queryKey: [...SCHEDULES, "all"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/schedules", { signal }))).items,
});

/** One schedule by its name. */
export function scheduleQuery(name: string) {
  return queryOptions({
    queryKey: [...SCHEDULES, "one", name],
    queryFn: ({ signal }) => body(api.GET("/v1/schedules/{name}", { params: { path: { name } }, signal })),
  });
}
