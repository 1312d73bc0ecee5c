import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { queryClient } from "@/api/queries";
import { rootRoute } from "@/app/root";
import { taskListQuery } from "./queries";
import { parseTaskSearch } from "./search";

export const tasksRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/tasks",
  validateSearch: parseTaskSearch,
  loaderDeps: ({ search }) => search,
  // The first rows are asked for while the page itself is still on its way.
  loader: ({ deps }) => void queryClient.prefetchInfiniteQuery(taskListQuery(deps)),
  component: lazyRouteComponent(() => import("./TasksPage"), "TasksPage"),
});
