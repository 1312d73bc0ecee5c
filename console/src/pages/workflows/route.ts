import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "@/app/root";
import { textOf } from "@/app/search";

export const workflowsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows",
  validateSearch: (search: Record<string, unknown>): { text?: string } => ({ text: textOf(search, "text") }),
  component: lazyRouteComponent(() => import("./WorkflowsPage"), "WorkflowsPage"),
});

export const workflowRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows/$workflow",
  /** `job` is the number of a job whose steps the picture shows. */
  validateSearch: (search: Record<string, unknown>): { client?: string; job?: string } => ({
    client: textOf(search, "client"),
    job: textOf(search, "job"),
  }),
  component: lazyRouteComponent(() => import("./WorkflowPage"), "WorkflowPage"),
});
