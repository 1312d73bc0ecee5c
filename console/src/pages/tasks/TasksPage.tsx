import { Group, Select, UnstyledButton } from "@mantine/core";
import { IconPlayerStop } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import type { Task } from "@/api/types";
import { useMay } from "@/auth/session";
import { FilterBox } from "@/filters/FilterBox";
import { useFilters } from "@/filters/useFilters";
import { count } from "@/parts/numbers";
import { Page } from "@/parts/Page";
import { Empty, Failed } from "@/parts/PageStates";
import { type Column, VirtualTable } from "@/parts/VirtualTable";
import { STEERING } from "@/steering/actions";
import { CancelDialog } from "@/steering/CancelDialog";
import { useTimePreference } from "@/time/preference";
import { BulkActions } from "./BulkActions";
import { ColumnMenu, useColumns } from "./ColumnMenu";
import { INSTANT_WIDTH, TASK_COLUMNS } from "./columns";
import { namesQuery } from "./queries";
import { tasksRoute } from "./route";
import { type SORTS, TASK_FIELDS } from "./search";
import classes from "./TasksPage.module.css";
import { useTaskList } from "./useTaskList";
import { ViewMenu } from "./ViewMenu";

const SORT_TITLES: Record<(typeof SORTS)[number], string> = {
  "-created": "Newest first",
  created: "Oldest first",
  "-started": "Last started",
  started: "First started",
  "-finished": "Last finished",
  finished: "First finished",
};

const NONE: ReadonlySet<string> = new Set();

/** Every task, by filters that the address keeps. */
export function TasksPage() {
  const search = tasksRoute.useSearch();
  const navigate = useNavigate();
  const names = useQuery(namesQuery);
  const fields = useMemo(
    () =>
      TASK_FIELDS.map((field) => {
        const known: Record<string, string[]> = names.data ?? {};
        return known[field.name] ? { ...field, values: known[field.name] } : field;
      }),
    [names.data],
  );
  const [conditions, setConditions] = useFilters(fields);
  const { list, newer, onTop } = useTaskList(search);
  const [selected, setSelected] = useState(NONE);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is selected is selected among what is shown
  useEffect(() => setSelected(NONE), [search]);
  const [stopping, setStopping] = useState<Task>();
  const [columnKeys] = useColumns();
  const [{ style }] = useTimePreference();
  const mayWrite = useMay("write");

  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const columns = useMemo(() => {
    const instantWidth = style === "absolute" ? "152px" : "94px";
    const chosen = TASK_COLUMNS.filter(({ key }) => key === "name" || columnKeys.includes(key)).map((column) =>
      column.width === INSTANT_WIDTH ? { ...column, width: instantWidth } : column,
    );
    return mayWrite ? [...chosen, stopColumn(setStopping)] : chosen;
  }, [columnKeys, mayWrite, style]);

  return (
    <Page
      title="Tasks"
      fills
      actions={
        <>
          <ViewMenu search={search} />
          <ColumnMenu />
          {mayWrite && <BulkActions search={search} selected={selected} onClear={() => setSelected(NONE)} />}
        </>
      }
    >
      <Group gap="xs" align="flex-start">
        <FilterBox label="Filter tasks" fields={fields} conditions={conditions} onChange={setConditions} />
        <Select
          aria-label="Order"
          w={150}
          allowDeselect={false}
          value={search.sort ?? "-created"}
          data={Object.entries(SORT_TITLES).map(([value, label]) => ({ value, label }))}
          onChange={(sort) =>
            void navigate({
              to: "/tasks",
              search: { ...search, sort: sort === "-created" ? undefined : (sort as (typeof SORTS)[number]) },
            })
          }
        />
      </Group>
      {list.isError && !list.data ? (
        <Failed error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <div className={classes.list}>
          {newer > 0 && (
            <UnstyledButton
              className={classes.newer}
              onClick={() => document.querySelector("[data-scroller]")?.scrollTo({ top: 0 })}
            >
              {count(newer)} new above
            </UnstyledButton>
          )}
          <VirtualTable<Task>
            label="Tasks"
            columns={columns}
            rows={rows}
            rowKey={(task) => task.id}
            rowName={(task) => `${task.name} #${task.number}`}
            hasMore={list.hasNextPage}
            isLoadingMore={list.isFetchingNextPage || list.isPending}
            onMore={() => {
              if (!list.isFetching) {
                void list.fetchNextPage();
              }
            }}
            onTop={onTop}
            onOpen={(task) => void navigate({ to: "/tasks/$task", params: { task: String(task.number) } })}
            selection={mayWrite ? { keys: selected, onChange: setSelected } : undefined}
            empty={
              conditions.length > 0 ? (
                <Empty title="No task fits these filters">Take one away to see more.</Empty>
              ) : (
                <Empty title="There are no tasks yet">
                  Submit one, as with <code>taskward submit</code>: it appears here at once.
                </Empty>
              )
            }
          />
        </div>
      )}
      {stopping && <CancelDialog task={stopping} onClose={() => setStopping(undefined)} />}
    </Page>
  );
}

function stopColumn(onStop: (task: Task) => void): Column<Task> {
  return {
    key: "stop",
    title: "",
    width: "44px",
    render: (task) =>
      STEERING.cancel.fits(task) && (
        <button
          type="button"
          className={classes.stop}
          title="Stop"
          aria-label={`Stop ${task.name} #${task.number}`}
          onClick={() => onStop(task)}
        >
          <IconPlayerStop size={15} aria-hidden />
        </button>
      ),
  };
}
