import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

/** The newest root of an operation of the module, whatever became of it; null when there was none. */
export function newestQuery(operation: string) {
  return queryOptions({
    queryKey: ["cache-tasks", "newest", operation],
    queryFn: async ({ signal }) => {
      const query = { operation, roots: true, limit: 1 };
      const page = await body(api.GET("/v1/tasks", { params: { query }, signal }));
      return page.items[0] ?? null;
    },
  });
}
