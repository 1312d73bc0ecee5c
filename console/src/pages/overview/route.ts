import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "@/app/root";
import { textOf } from "@/app/search";
import { SPANS, type Span } from "./queries";

export const overviewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  validateSearch: (search: Record<string, unknown>): { span?: Span } => {
    const wanted = textOf(search, "span");
    return { span: Object.keys(SPANS).find((span): span is Span => span === wanted) };
  },
  component: lazyRouteComponent(() => import("./OverviewPage"), "OverviewPage"),
});
