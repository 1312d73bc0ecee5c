import { Link } from "@tanstack/react-router";
import type { Task } from "@/api/types";
import { ProgressBar } from "@/parts/ProgressBar";
import type { Column } from "@/parts/VirtualTable";
import { StateBadge } from "@/states/StateBadge";
import { Elapsed } from "@/time/Elapsed";
import { Instant } from "@/time/Instant";
import classes from "./columns.module.css";

/** Of a column of instants; the page makes it wide enough for how they are said. */
export const INSTANT_WIDTH = "instant";

/** Everything a row of the list can show, in its order. */
export const TASK_COLUMNS: Column<Task>[] = [
  {
    key: "number",
    title: "Number",
    width: "84px",
    isNumber: true,
    isWide: true,
    render: (task) => <span className={classes.faint}>#{task.number}</span>,
  },
  {
    key: "name",
    title: "Name",
    width: "minmax(140px, 2.2fr)",
    render: (task) => (
      <Link to="/tasks/$task" params={{ task: String(task.number) }} className={classes.name} title={task.name}>
        {task.name}
      </Link>
    ),
  },
  { key: "state", title: "State", width: "118px", render: (task) => <StateBadge state={task.state} /> },
  {
    key: "progress",
    title: "Progress",
    width: "minmax(112px, 1fr)",
    isWide: true,
    render: (task) => <ProgressBar progress={task.progress} state={task.state} />,
  },
  {
    key: "operation",
    title: "Operation",
    width: "minmax(112px, 1.2fr)",
    isWide: true,
    render: (task) => <span title={task.operation}>{task.operation}</span>,
  },
  { key: "queue", title: "Queue", width: "110px", isWide: true, render: (task) => task.queue },
  { key: "pool", title: "Pool", width: "110px", isWide: true, render: (task) => task.pool || "–" },
  { key: "priority", title: "Priority", width: "76px", isNumber: true, isWide: true, render: (task) => task.priority },
  { key: "attempt", title: "Attempt", width: "76px", isNumber: true, isWide: true, render: (task) => task.attempt },
  { key: "worker", title: "Worker", width: "150px", isWide: true, render: (task) => task.worker ?? "–" },
  { key: "client", title: "Client", width: "110px", isWide: true, render: (task) => task.client || "–" },
  {
    key: "labels",
    title: "Labels",
    width: "minmax(140px, 1fr)",
    isWide: true,
    render: (task) => {
      const text = Object.entries(task.labels)
        .map(([name, value]) => `${name}:${value}`)
        .join(" ");
      return <span title={text}>{text || "–"}</span>;
    },
  },
  {
    key: "created",
    title: "Created",
    width: INSTANT_WIDTH,
    isWide: true,
    render: (task) => <Instant at={task.created_at} />,
  },
  {
    key: "started",
    title: "Started",
    width: INSTANT_WIDTH,
    isWide: true,
    render: (task) => <Instant at={task.started_at} />,
  },
  {
    key: "finished",
    title: "Finished",
    width: INSTANT_WIDTH,
    isWide: true,
    render: (task) => <Instant at={task.finished_at} />,
  },
  {
    key: "duration",
    title: "Ran for",
    width: "96px",
    isNumber: true,
    isWide: true,
    render: (task) => <Elapsed from={task.started_at} to={task.finished_at} />,
  },
];

/** What is shown until somebody chooses otherwise. */
export const DEFAULT_COLUMNS = ["number", "name", "state", "progress", "operation", "created", "started", "finished"];
