import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "@/app/root";
import { textOf } from "@/app/search";

export const tokensRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/tokens",
  validateSearch: (search: Record<string, unknown>): { text?: string; scope?: string } => ({
    text: textOf(search, "text"),
    scope: textOf(search, "scope"),
  }),
  component: lazyRouteComponent(() => import("./TokensPage"), "TokensPage"),
});
