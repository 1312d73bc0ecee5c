import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** What can be changed while everything runs. */
export const settingsQuery = queryOptions({
  queryKey: ["settings"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/settings", { signal }))).items,
});
