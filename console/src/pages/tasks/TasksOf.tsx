import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, body } from "@/api/client";
import { useRefreshOnEvents } from "@/live/hooks";
import { Empty, QueryStates } from "@/parts/PageStates";
import { TaskTable } from "@/parts/TaskTable";
import type { TaskSearch } from "./search";

interface TasksOfProps {
  title: string;
  /** Which tasks, as the list of tasks takes it; a link leads there. */
  search: TaskSearch;
  /** What the link shows, where that is more than what is shown here. */
  all?: TaskSearch;
  most: number;
  empty: string;
}

/** The newest tasks that belong to what a page is about, live. */
export function TasksOf({ title, search, all = search, most, empty }: TasksOfProps) {
  const key = ["tasks-of", search];
  const tasks = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => body(api.GET("/v1/tasks", { params: { query: { ...search, limit: most } }, signal })),
  });
  useRefreshOnEvents(key);
  return (
    <QueryStates query={tasks}>
      {(page) => (
        <TaskTable
          title={title}
          aside={
            <Link to="/tasks" search={all}>
              All of them
            </Link>
          }
          tasks={page.items}
          empty={<Empty title={empty} />}
        />
      )}
    </QueryStates>
  );
}
