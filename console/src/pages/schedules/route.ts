import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "@/app/root";
import { textOf } from "@/app/search";

export const schedulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/schedules",
  validateSearch: (search: Record<string, unknown>): { text?: string; operation?: string; active?: string } => ({
    text: textOf(search, "text"),
    operation: textOf(search, "operation"),
    active: textOf(search, "active"),
  }),
  component: lazyRouteComponent(() => import("./SchedulesPage"), "SchedulesPage"),
});

export const scheduleRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/schedules/$schedule",
  component: lazyRouteComponent(() => import("./SchedulePage"), "SchedulePage"),
});
