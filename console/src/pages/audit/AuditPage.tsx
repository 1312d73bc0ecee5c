import { Group } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, body } from "@/api/client";
import type { Deed } from "@/api/types";
import { FilterBox } from "@/filters/FilterBox";
import { useFilters } from "@/filters/useFilters";
import { usePolling } from "@/live/polling";
import { Page } from "@/parts/Page";
import { Empty, Failed } from "@/parts/PageStates";
import { type Column, VirtualTable } from "@/parts/VirtualTable";
import { Instant } from "@/time/Instant";
import classes from "./AuditPage.module.css";
import { AUDIT_FIELDS } from "./fields";
import { auditRoute } from "./route";

const PAGE = 100;

const COLUMNS: Column<Deed>[] = [
  { key: "at", title: "When", width: "minmax(92px, 136px)", render: (deed) => <Instant at={deed.at} /> },
  {
    key: "principal",
    title: "Who",
    width: "minmax(90px, 0.8fr)",
    render: (deed) => (
      <Link to="/audit" search={{ principal: deed.principal }} title={deed.principal}>
        {deed.principal}
      </Link>
    ),
  },
  { key: "kind", title: "Shown", width: "96px", isWide: true, render: (deed) => deed.kind },
  {
    key: "deed",
    title: "Did",
    width: "minmax(120px, 2.4fr)",
    render: (deed) => (
      <span title={`${deed.method} ${deed.path}`} className={classes.deed}>
        <b>{deed.method}</b> {deed.path}
      </span>
    ),
  },
  {
    key: "status",
    title: "Answer",
    width: "80px",
    isNumber: true,
    isWide: true,
    render: (deed) => (
      <span className={classes.status} data-refused={deed.status >= 400 || undefined}>
        {deed.status}
      </span>
    ),
  },
  { key: "address", title: "From", width: "130px", isWide: true, render: (deed) => deed.address },
  {
    key: "correlation",
    title: "Correlation",
    width: "minmax(90px, 0.7fr)",
    isWide: true,
    render: (deed) => <span title={deed.correlation_id}>{deed.correlation_id || "–"}</span>,
  },
];

/** Who did what, when: every request that was to change something. */
export function AuditPage() {
  const search = auditRoute.useSearch();
  const [conditions, setConditions] = useFilters(AUDIT_FIELDS);
  const trail = useInfiniteQuery({
    queryKey: ["audit", search],
    queryFn: ({ pageParam, signal }) =>
      body(api.GET("/v1/audit", { params: { query: { ...search, after: pageParam, limit: PAGE } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    refetchInterval: usePolling(),
  });
  const deeds = (trail.data?.pages ?? []).flatMap((page, index) =>
    page.items.map((deed, place) => ({ ...deed, key: `${index}.${place}` })),
  );
  return (
    <Page title="Audit" fills>
      <Group>
        <FilterBox label="Filter the trail" fields={AUDIT_FIELDS} conditions={conditions} onChange={setConditions} />
      </Group>
      {trail.isError && !trail.data ? (
        <Failed error={trail.error} onRetry={() => void trail.refetch()} />
      ) : (
        <VirtualTable
          label="Audit trail"
          columns={COLUMNS}
          rows={deeds}
          rowKey={(deed) => (deed as (typeof deeds)[number]).key}
          rowName={(deed) => `${deed.method} ${deed.path}`}
          hasMore={trail.hasNextPage}
          isLoadingMore={trail.isFetchingNextPage || trail.isPending}
          onMore={() => !trail.isFetching && void trail.fetchNextPage()}
          empty={
            conditions.length > 0 ? (
              <Empty title="Nobody did anything that fits these filters">Take one away to see more.</Empty>
            ) : (
              <Empty title="Nobody has changed anything yet" />
            )
          }
        />
      )}
    </Page>
  );
}
