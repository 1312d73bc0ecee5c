import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** Every token that has not been ended; without their secrets. */
export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/tokens", { signal }))).items,
});
