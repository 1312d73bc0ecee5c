import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "@/app/root";
import { textOf } from "@/app/search";

export const operationsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/operations",
  validateSearch: (search: Record<string, unknown>): { text?: string; module?: string } => ({
    text: textOf(search, "text"),
    module: textOf(search, "module"),
  }),
  component: lazyRouteComponent(() => import("./OperationsPage"), "OperationsPage"),
});

export const operationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/operations/$operation",
  component: lazyRouteComponent(() => import("./OperationPage"), "OperationPage"),
});
