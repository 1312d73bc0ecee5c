import { useEffect, useState } from "react";
import { API_PREFIX } from "@/api/client";
import type { Task, TaskEvent } from "@/api/types";
import { useConnection } from "@/live/hooks";
import { BATCH_MS, EVENT_KINDS } from "@/live/stream";
import { Empty, Loading } from "@/parts/PageStates";
import { type Column, VirtualTable } from "@/parts/VirtualTable";
import { absolute, clock } from "@/time/format";
import { useTimePreference } from "@/time/preference";
import classes from "./EventsTab.module.css";

const KEPT = 5_000;

/** Everything that happened to the task and below it, the newest first. */
export function EventsTab({ task }: { task: Task }) {
  const events = useTaskEvents(task.id);
  const [{ zone }] = useTimePreference();
  if (events === undefined) {
    return <Loading />;
  }
  const columns: Column<TaskEvent>[] = [
    {
      key: "at",
      title: "When",
      width: "120px",
      render: (event) => (
        <time dateTime={event.at} title={absolute(Date.parse(event.at), zone)}>
          {clock(Date.parse(event.at), zone, true)}
        </time>
      ),
    },
    { key: "kind", title: "What", width: "90px", render: (event) => event.kind },
    {
      key: "whom",
      title: "Whom",
      width: "90px",
      isWide: true,
      render: (event) => (event.task_id === task.id ? "this task" : "below it"),
    },
    {
      key: "data",
      title: "Facts",
      width: "minmax(200px, 1fr)",
      render: (event) => (
        <code className={classes.data} title={JSON.stringify(event.data, null, 2)}>
          {JSON.stringify(event.data)}
        </code>
      ),
    },
  ];
  return (
    <div className={classes.frame}>
      <VirtualTable
        label="Events"
        columns={columns}
        rows={events}
        rowKey={(event) => event.cursor}
        rowName={(event) => `${event.kind} ${event.cursor}`}
        empty={<Empty title="Its events are gone" />}
      />
    </div>
  );
}

/** The events of a task from the first one on, the newest first; undefined until the stream has answered. */
function useTaskEvents(taskId: string): TaskEvent[] | undefined {
  const [events, setEvents] = useState<TaskEvent[]>();
  const isPaused = useConnection() === "paused";
  useEffect(() => {
    if (isPaused) {
      return;
    }
    let batch: TaskEvent[] = [];
    let timer: number | undefined;
    const source = new EventSource(`${API_PREFIX}/v1/tasks/${taskId}/events`);
    const flush = () => {
      const newest = batch.toReversed();
      batch = [];
      timer = undefined;
      setEvents((known) => [...newest, ...(known ?? [])].slice(0, KEPT));
    };
    const later = () => {
      timer ??= window.setTimeout(flush, BATCH_MS);
    };
    for (const kind of EVENT_KINDS) {
      source.addEventListener(kind, (message) => {
        batch.push(JSON.parse(message.data) as TaskEvent);
        later();
      });
    }
    source.onopen = later;
    source.onerror = later;
    setEvents(undefined);
    return () => {
      source.close();
      window.clearTimeout(timer);
    };
  }, [taskId, isPaused]);
  return events;
}
