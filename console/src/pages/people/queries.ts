import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** Who may sign in with a password. */
export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/users", { signal }))).items,
});

/** The tenants. */
export const clientsQuery = queryOptions({
  queryKey: ["clients"],
  queryFn: async ({ signal }) => (await body(api.GET("/v1/clients", { signal }))).items,
});
