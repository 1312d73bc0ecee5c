import { infiniteQueryOptions } from "@tanstack/react-query";
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
