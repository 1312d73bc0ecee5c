import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "@/app/root";
import { textOf } from "@/app/search";

export const TABS = ["tree", "timeline", "logs", "data", "resources", "attempts", "events"] as const;
export type Tab = (typeof TABS)[number];

export const taskRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/tasks/$task",
  validateSearch: (search: Record<string, unknown>): { tab?: Tab } => {
    const wanted = textOf(search, "tab");
    return { tab: TABS.find((tab) => tab === wanted) };
  },
  component: lazyRouteComponent(() => import("./TaskPage"), "TaskPage"),
});
