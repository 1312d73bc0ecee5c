import { Button, Switch } from "@mantine/core";
import { IconPencil, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Schedule } from "@/api/types";
import { useMay } from "@/auth/session";
import { useShortcut } from "@/keys/shortcuts";
import { useRefreshOnEvents } from "@/live/hooks";
import { TasksOf } from "@/pages/tasks/TasksOf";
import { ConfirmDialog } from "@/parts/ConfirmDialog";
import { Facts } from "@/parts/Facts";
import { JsonView } from "@/parts/JsonView";
import { Lead } from "@/parts/Lead";
import { Page } from "@/parts/Page";
import { QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { useRunNow, useSetActive } from "./changes";
import { NextTick } from "./NextTick";
import { scheduleQuery, schedulesQuery } from "./queries";
import { scheduleRoute } from "./route";
import { ScheduleForm } from "./ScheduleForm";
import classes from "./SchedulePage.module.css";
import { Ticks } from "./Ticks";

const MOST_SHOWN = 10;

/** One schedule: when it ticks, what it submits, what it has submitted. */
export function SchedulePage() {
  const { schedule: name } = scheduleRoute.useParams();
  const schedule = useQuery(scheduleQuery(name));
  const mayWrite = useMay("write");
  useRefreshOnEvents(scheduleQuery(name).queryKey, (event) => event.kind === "created", 2_000);
  return (
    <Page title={name} actions={mayWrite && schedule.data && <Actions schedule={schedule.data} />}>
      <QueryStates query={schedule}>
        {(data) => (
          <>
            {data.description && <Lead>{data.description}</Lead>}
            <Panel title="When">
              <Facts
                facts={[
                  ["In words", data.in_words],
                  ["Next", <NextTick key="next" schedule={data} />],
                  ["By", data.cron === null ? "an interval" : <code key="cron">{data.cron}</code>],
                  ["Time zone", data.cron === null ? null : data.timezone],
                ]}
              />
              <Ticks ticks={data.next_ticks} />
            </Panel>
            <Panel title="What it submits">
              <Facts
                facts={[
                  [
                    "Operation",
                    <Link key="operation" to="/operations/$operation" params={{ operation: data.operation }}>
                      {data.operation}
                    </Link>,
                  ],
                  ["Priority", data.priority],
                  ["Queue", data.queue],
                  [
                    "Labels",
                    Object.entries(data.labels)
                      .map(([label, value]) => `${label}:${value}`)
                      .join(" "),
                  ],
                ]}
              />
              <div className={classes.args}>
                <JsonView value={data.args} label="arguments" />
              </div>
            </Panel>
            <TasksOf
              title="What it has submitted"
              search={{ label: [`schedule:${name}`] }}
              most={MOST_SHOWN}
              empty="Nothing yet"
            />
          </>
        )}
      </QueryStates>
    </Page>
  );
}

function Actions({ schedule }: { schedule: Schedule }) {
  const navigate = useNavigate();
  const [dialog, setDialog] = useState<"edit" | "remove">();
  const setActive = useSetActive();
  const runNow = useRunNow();
  const close = () => setDialog(undefined);
  const { name } = schedule;
  const remove = useChange(() => body(api.DELETE("/v1/schedules/{name}", { params: { path: { name } } })), {
    done: () => `${name} is gone`,
    refresh: schedulesQuery.queryKey,
    onDone: () => void navigate({ to: "/schedules" }),
  });
  useShortcut("e", "Change the schedule", () => setDialog("edit"));
  useShortcut("r", "Run it now", () => runNow.mutate(name));
  return (
    <>
      <Switch
        size="xs"
        label="Ticks"
        checked={schedule.active}
        disabled={setActive.isPending}
        onChange={(event) => setActive.mutate({ name, active: event.currentTarget.checked })}
      />
      <Button leftSection={<IconPlayerPlay size={14} />} loading={runNow.isPending} onClick={() => runNow.mutate(name)}>
        Run now
      </Button>
      <Button variant="default" leftSection={<IconPencil size={14} />} onClick={() => setDialog("edit")}>
        Change
      </Button>
      <Button variant="default" leftSection={<IconTrash size={14} />} onClick={() => setDialog("remove")}>
        Remove
      </Button>
      {dialog === "edit" && <ScheduleForm schedule={schedule} onClose={close} />}
      {dialog === "remove" && (
        <ConfirmDialog
          title={`Remove schedule ${name}`}
          action="Remove the schedule"
          isDangerous
          isBusy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(undefined)}
          onClose={close}
        >
          Nothing is submitted by it any more. The tasks that it has submitted stay.
        </ConfirmDialog>
      )}
    </>
  );
}
