import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { State } from "@/api/types";
import { rootRoute } from "@/app/root";
import { textOf, textsOf } from "@/app/search";
import { STATES } from "@/states/states";
import { parseWanted } from "./wanted";

export const cacheRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/cache",
  validateSearch: parseWanted,
  component: lazyRouteComponent(() => import("./SearchPage"), "SearchPage"),
});

export interface ImageSearch {
  url?: string;
  platform?: string;
  task?: string;
}

export const imagesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/cache/images",
  validateSearch: (search: Record<string, unknown>): ImageSearch => ({
    url: textOf(search, "url"),
    platform: textOf(search, "platform"),
    task: textOf(search, "task"),
  }),
  component: lazyRouteComponent(() => import("./ImagesPage"), "ImagesPage"),
});

export const keptRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/cache/kept",
  validateSearch: (search: Record<string, unknown>): { text?: string; state?: string; cluster?: string } => ({
    text: textOf(search, "text"),
    state: textOf(search, "state"),
    cluster: textOf(search, "cluster"),
  }),
  component: lazyRouteComponent(() => import("./KeptPage"), "KeptPage"),
});

export const clustersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/cache/clusters",
  component: lazyRouteComponent(() => import("./ClustersPage"), "ClustersPage"),
});

export interface ExecutionSearch {
  state?: State[];
  operation?: string;
}

export const executionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/cache/executions",
  validateSearch: (search: Record<string, unknown>): ExecutionSearch => {
    const states = STATES.filter((state) => textsOf(search, "state").includes(state));
    return { state: states.length > 0 ? states : undefined, operation: textOf(search, "operation") };
  },
  component: lazyRouteComponent(() => import("./ExecutionsPage"), "ExecutionsPage"),
});

export const executionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/cache/executions/$task",
  component: lazyRouteComponent(() => import("./ExecutionPage"), "ExecutionPage"),
});

export const cacheRoutes = [
  cacheRoute,
  imagesRoute,
  keptRoute,
  clustersRoute,
  executionsRoute,
  executionRoute,
] as const;
