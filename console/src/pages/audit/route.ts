import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { rootRoute } from "@/app/root";
import { textOf } from "@/app/search";

export interface AuditSearch {
  principal?: string;
  text?: string;
  since?: string;
  before?: string;
}

export const auditRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/audit",
  validateSearch: (search: Record<string, unknown>): AuditSearch => ({
    principal: textOf(search, "principal"),
    text: textOf(search, "text"),
    since: textOf(search, "since"),
    before: textOf(search, "before"),
  }),
  component: lazyRouteComponent(() => import("./AuditPage"), "AuditPage"),
});
