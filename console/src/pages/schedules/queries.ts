import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** Every schedule, with its last and next ticks. */
export const schedulesQuery = queryOptions({
  queryKey: ["schedules"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/schedules", { signal }))).items,
});

/** One schedule by its name. */
export function scheduleQuery(name: string) {
  return queryOptions({
    queryKey: ["schedules", name],
    queryFn: ({ signal }) => body(api.GET("/v1/schedules/{name}", { params: { path: { name } }, signal })),
  });
}
