import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "@/app/root";
import { parseFilters } from "@/filters/local";
import { WORKER_FIELDS } from "./fields";

export const workersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workers",
  validateSearch: parseFilters(WORKER_FIELDS),
  component: lazyRouteComponent(() => import("./WorkersPage"), "WorkersPage"),
});

export const workerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workers/$worker",
  component: lazyRouteComponent(() => import("./WorkerPage"), "WorkerPage"),
});
