import { Button, Group, Switch } from "@mantine/core";
import { IconPlayerPlay, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Schedule } from "@/api/types";
import { useMay } from "@/auth/session";
import { FilterBox } from "@/filters/FilterBox";
import { fitting, type LocalField } from "@/filters/local";
import { useFilters } from "@/filters/useFilters";
import { useShortcut } from "@/keys/shortcuts";
import { useRefreshOnEvents } from "@/live/hooks";
import { Page } from "@/parts/Page";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Table, type TableColumn } from "@/parts/Table";
import { Titled } from "@/parts/Titled";
import { Instant } from "@/time/Instant";
import { useRunNow, useSetActive } from "./changes";
import { NextTick } from "./NextTick";
import { schedulesQuery } from "./queries";
import { ScheduleForm } from "./ScheduleForm";

const FIELDS: readonly LocalField<Schedule>[] = [
  { name: "operation", description: "Of this operation", valuesOf: (schedule) => [schedule.operation] },
  {
    name: "active",
    description: "Whether it ticks",
    values: ["yes", "no"],
    valuesOf: (schedule) => [schedule.active ? "yes" : "no"],
  },
  {
    name: "text",
    description: "With this text in name, description or when it ticks",
    textOf: (schedule) => `${schedule.name} ${schedule.description} ${schedule.in_words}`,
  },
];

const COLUMNS: TableColumn<Schedule>[] = [
  {
    key: "name",
    title: "Schedule",
    grows: true,
    render: (schedule) => (
      <Titled note={schedule.in_words}>
        <Link to="/schedules/$schedule" params={{ schedule: schedule.name }}>
          {schedule.name}
        </Link>
      </Titled>
    ),
  },
  {
    key: "operation",
    title: "Operation",
    isWide: true,
    render: (schedule) => (
      <Link to="/operations/$operation" params={{ operation: schedule.operation }}>
        {schedule.operation}
      </Link>
    ),
  },
  { key: "next", title: "Next", render: (schedule) => <NextTick schedule={schedule} /> },
  {
    key: "last",
    title: "Last",
    isWide: true,
    render: (schedule) =>
      schedule.last_task_id ? (
        <Link to="/tasks/$task" params={{ task: schedule.last_task_id }}>
          <Instant at={schedule.last_at} />
        </Link>
      ) : (
        <Instant at={schedule.last_at} missing="never" />
      ),
  },
];

/** What is submitted again and again. */
export function SchedulesPage() {
  const mayWrite = useMay("write");
  const [isNew, setNew] = useState(false);
  const [conditions, setConditions] = useFilters(FIELDS);
  const schedules = useQuery(schedulesQuery);
  const setActive = useSetActive();
  const runNow = useRunNow();
  useRefreshOnEvents(schedulesQuery.queryKey, (event) => event.kind === "created", 2_000);
  useShortcut("n", "New schedule", () => setNew(true), mayWrite);
  const buttons = (schedule: Schedule) => (
    <>
      <Button
        variant="default"
        size="compact-xs"
        leftSection={<IconPlayerPlay size={13} />}
        aria-label={`Run now: ${schedule.name}`}
        loading={runNow.isPending && runNow.variables === schedule.name}
        onClick={() => runNow.mutate(schedule.name)}
      >
        Run now
      </Button>
      <Switch
        size="xs"
        aria-label={`${schedule.name} ticks`}
        checked={schedule.active}
        disabled={setActive.isPending && setActive.variables.name === schedule.name}
        onChange={(event) => setActive.mutate({ name: schedule.name, active: event.currentTarget.checked })}
      />
    </>
  );
  const add = (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setNew(true)}>
      New schedule
    </Button>
  );
  return (
    <Page title="Schedules" actions={mayWrite && add}>
      <Group>
        <FilterBox label="Filter schedules" fields={FIELDS} conditions={conditions} onChange={setConditions} />
      </Group>
      <QueryStates query={schedules}>
        {(all) => (
          <Table
            label="Schedules"
            columns={COLUMNS}
            rows={fitting(all, FIELDS, conditions)}
            rowKey={(schedule) => schedule.name}
            actions={mayWrite ? buttons : undefined}
            empty={
              conditions.length > 0 ? (
                <Empty title="No schedule fits these filters">Take one away to see more.</Empty>
              ) : (
                <Empty title="There are no schedules yet">
                  A schedule submits a task at an interval, or by the clock.
                </Empty>
              )
            }
          />
        )}
      </QueryStates>
      {isNew && <ScheduleForm onClose={() => setNew(false)} />}
    </Page>
  );
}
