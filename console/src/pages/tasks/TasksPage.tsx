import { Group } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { Task } from "@/api/types";
import { FilterBox } from "@/filters/FilterBox";
import { useFilters } from "@/filters/useFilters";
import { useRefreshOnEvents } from "@/live/hooks";
import { Page } from "@/parts/Page";
import { Empty, Failed } from "@/parts/PageStates";
import { VirtualTable } from "@/parts/VirtualTable";
import { DEFAULT_COLUMNS, TASK_COLUMNS } from "./columns";
import { TASK_LIST, taskListQuery } from "./queries";
import { tasksRoute } from "./route";
import { TASK_FIELDS } from "./search";

/** Every task, by filters that the address keeps. */
export function TasksPage() {
  const search = tasksRoute.useSearch();
  const navigate = useNavigate();
  const [conditions, setConditions] = useFilters(TASK_FIELDS);
  const list = useInfiniteQuery(taskListQuery(search));
  useRefreshOnEvents([TASK_LIST, search]);
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title="Tasks" fills>
      <Group gap="xs">
        <FilterBox label="Filter tasks" fields={TASK_FIELDS} conditions={conditions} onChange={setConditions} />
      </Group>
      {list.isError && !list.data ? (
        <Failed error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <VirtualTable<Task>
          label="Tasks"
          columns={TASK_COLUMNS.filter((column) => DEFAULT_COLUMNS.includes(column.key))}
          rows={rows}
          rowKey={(task) => task.id}
          rowName={(task) => `${task.name} #${task.number}`}
          hasMore={list.hasNextPage}
          isLoadingMore={list.isFetchingNextPage || list.isPending}
          onMore={() => !list.isFetching && void list.fetchNextPage()}
          onOpen={(task) => void navigate({ to: "/tasks/$task", params: { task: String(task.number) } })}
          empty={
            conditions.length > 0 ? (
              <Empty title="No task fits these filters">Take one away to see more.</Empty>
            ) : (
              <Empty title="There are no tasks yet">Submit one: it appears here at once.</Empty>
            )
          }
        />
      )}
    </Page>
  );
}
