import { Group } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { api, body } from "@/api/client";
import type { Task } from "@/api/types";
import { FilterBox } from "@/filters/FilterBox";
import type { FilterField } from "@/filters/fields";
import { useFilters } from "@/filters/useFilters";
import { useRefreshOnEvents } from "@/live/hooks";
import { Empty, Failed } from "@/parts/PageStates";
import { type Column, VirtualTable } from "@/parts/VirtualTable";
import { StateBadge } from "@/states/StateBadge";
import { STATES } from "@/states/states";
import { Elapsed } from "@/time/Elapsed";
import { Instant } from "@/time/Instant";
import { CacheFrame } from "./CacheFrame";
import { DOES } from "./executions";
import { executionsRoute } from "./route";
import { subjectOf } from "./wanted";

const PAGE = 50;

const FIELDS: readonly FilterField[] = [
  { name: "state", description: "In this state; several may be given", isRepeated: true, values: STATES },
  { name: "operation", description: "Of this operation", values: Object.keys(DOES) },
];

const COLUMNS: Column<Task>[] = [
  {
    key: "number",
    title: "Execution",
    width: "minmax(110px, 0.6fr)",
    render: (task) => (
      <Link to="/cache/executions/$task" params={{ task: String(task.number) }}>
        {DOES[task.operation] ?? task.operation} #{task.number}
      </Link>
    ),
  },
  { key: "state", title: "State", width: "118px", render: (task) => <StateBadge state={task.state} /> },
  {
    key: "subject",
    title: "Of",
    width: "minmax(140px, 2fr)",
    isWide: true,
    render: (task) => <span title={subjectOf(task.args)}>{subjectOf(task.args) || "everything"}</span>,
  },
  { key: "by", title: "By", width: "minmax(90px, 0.5fr)", isWide: true, render: (task) => task.created_by },
  {
    key: "created",
    title: "Created",
    width: "minmax(92px, 0.5fr)",
    render: (task) => <Instant at={task.created_at} />,
  },
  {
    key: "ran",
    title: "Ran for",
    width: "90px",
    isNumber: true,
    isWide: true,
    render: (task) => <Elapsed from={task.started_at} to={task.finished_at} />,
  },
];

/** What was searched, deleted and preheated. */
export function ExecutionsPage() {
  const search = executionsRoute.useSearch();
  const navigate = useNavigate();
  const [conditions, setConditions] = useFilters(FIELDS);
  const key = ["cache-tasks", "list", search];
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET("/v1/tasks", {
          params: { query: { ...search, module: "cache", roots: true, after: pageParam, limit: PAGE } },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  useRefreshOnEvents(key, (event) => event.kind === "created" || event.kind === "state");
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <CacheFrame fills>
      <Group>
        <FilterBox label="Filter executions" fields={FIELDS} conditions={conditions} onChange={setConditions} />
      </Group>
      {list.isError && !list.data ? (
        <Failed error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <VirtualTable
          label="Executions"
          columns={COLUMNS}
          rows={rows}
          rowKey={(task) => task.id}
          rowName={(task) => `${task.operation} #${task.number}`}
          hasMore={list.hasNextPage}
          isLoadingMore={list.isFetchingNextPage || list.isPending}
          onMore={() => !list.isFetching && void list.fetchNextPage()}
          onOpen={(task) => void navigate({ to: "/cache/executions/$task", params: { task: String(task.number) } })}
          empty={
            conditions.length > 0 ? (
              <Empty title="No execution fits these filters">Take one away to see more.</Empty>
            ) : (
              <Empty title="Nothing has been searched or deleted yet" />
            )
          }
        />
      )}
    </CacheFrame>
  );
}
