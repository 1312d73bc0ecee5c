import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import type { TaskSearch } from "./search";

const PAGE = 100;

export const TASK_LIST = "tasks";

/** The list, page by page. */
export function taskListQuery(search: TaskSearch) {
  return infiniteQueryOptions({
    queryKey: [TASK_LIST, search],
    queryFn: ({ pageParam, signal }) =>
      body(api.GET("/v1/tasks", { params: { query: { ...search, after: pageParam, limit: PAGE } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** The first page, as it is now. */
export function fetchHead(search: TaskSearch) {
  return body(api.GET("/v1/tasks", { params: { query: { ...search, limit: PAGE } } }));
}

/** The names that filters can be completed with. */
export const namesQuery = queryOptions({
  queryKey: ["names"],
  async queryFn({ signal }) {
    const [operations, modules, queues, pools, workers] = await Promise.all([
      body(api.GET("/v1/operations", { signal })),
      body(api.GET("/v1/modules", { signal })),
      body(api.GET("/v1/queues", { signal })),
      body(api.GET("/v1/pools", { signal })),
      body(api.GET("/v1/workers", { signal })),
    ]);
    const names = (page: { items: { name: string }[] }) => page.items.map(({ name }) => name);
    return {
      operation: names(operations),
      module: names(modules),
      queue: names(queues),
      pool: names(pools),
      worker: names(workers),
    };
  },
  staleTime: 60_000,
});
