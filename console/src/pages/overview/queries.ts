import { queryOptions } from "@tanstack/react-query";
import { api, body } from "@/api/client";

export const STATS = "stats";

/** How far back the charts look, and how fine. */
export const SPANS = {
  "1h": { title: "1 hour", seconds: 3_600, stepSeconds: 60 },
  "6h": { title: "6 hours", seconds: 21_600, stepSeconds: 300 },
  "24h": { title: "24 hours", seconds: 86_400, stepSeconds: 900 },
} as const;
export type Span = keyof typeof SPANS;

export const statsQuery = queryOptions({
  queryKey: [STATS, "counts"],
  queryFn: ({ signal }) => body(api.GET("/v1/stats", { signal })),
});

export function seriesQuery(span: Span) {
  const { seconds, stepSeconds } = SPANS[span];
  return queryOptions({
    queryKey: [STATS, "series", span],
    queryFn: ({ signal }) =>
      body(
        api.GET("/v1/stats/series", {
          params: { query: { span_seconds: seconds, step_seconds: stepSeconds } },
          signal,
        }),
      ),
  });
}

export const waitingQuery = queryOptions({
  queryKey: [STATS, "waiting"],
  queryFn: ({ signal }) => body(api.GET("/v1/stats/waiting", { signal })),
});

export const failuresQuery = queryOptions({
  queryKey: [STATS, "failures"],
  queryFn: ({ signal }) => body(api.GET("/v1/stats/failures", { params: { query: { limit: 8 } }, signal })),
});

export const RUNNING_SHOWN = 12;

export const runningQuery = queryOptions({
  queryKey: [STATS, "running"],
  queryFn: ({ signal }) =>
    body(
      api.GET("/v1/tasks", {
        params: { query: { state: ["running", "canceling"], sort: "-started", limit: RUNNING_SHOWN } },
        signal,
      }),
    ),
});

export const workersQuery = queryOptions({
  queryKey: [STATS, "workers"],
  queryFn: ({ signal }) => body(api.GET("/v1/workers", { signal })),
});

export const poolsQuery = queryOptions({
  queryKey: [STATS, "pools"],
  queryFn: ({ signal }) => body(api.GET("/v1/pools", { signal })),
});
