import { createRouter } from "@tanstack/react-router";
import { CONSOLE_PATH } from "@/api/client";
import { pageRoutes } from "@/pages/routes";
import { Failed, Loading } from "@/parts/PageStates";
import { rootRoute } from "./root";
import { parseSearch, stringifySearch } from "./search";

export const router = createRouter({
  routeTree: rootRoute.addChildren(pageRoutes),
  basepath: CONSOLE_PATH,
  parseSearch,
  stringifySearch,
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error, reset }) => <Failed error={error} onRetry={reset} />,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
