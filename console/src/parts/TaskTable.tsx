import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Task } from "@/api/types";
import { StateBadge } from "@/states/StateBadge";
import { Elapsed } from "@/time/Elapsed";
import { Instant } from "@/time/Instant";
import { ProgressBar } from "./ProgressBar";
import { Table, type TableColumn } from "./Table";

const COLUMNS: TableColumn<Task>[] = [
  {
    key: "name",
    title: "Task",
    grows: true,
    render: (task) => (
      <Link to="/tasks/$task" params={{ task: String(task.number) }} title={task.name}>
        {task.name} #{task.number}
      </Link>
    ),
  },
  { key: "state", title: "State", render: (task) => <StateBadge state={task.state} /> },
  {
    key: "progress",
    title: "Progress",
    isWide: true,
    render: (task) => <ProgressBar progress={task.progress} state={task.state} />,
  },
  { key: "created", title: "Created", isWide: true, render: (task) => <Instant at={task.created_at} /> },
  {
    key: "ran",
    title: "Ran for",
    isNumber: true,
    isWide: true,
    render: (task) => <Elapsed from={task.started_at} to={task.finished_at} />,
  },
];

interface TaskTableProps {
  title: string;
  aside?: ReactNode;
  tasks: Task[];
  empty: ReactNode;
}

/** A few tasks that belong to what a page is about. */
export function TaskTable({ title, aside, tasks, empty }: TaskTableProps) {
  return (
    <Table
      label={title}
      title={title}
      aside={aside}
      columns={COLUMNS}
      rows={tasks}
      rowKey={(task) => task.id}
      empty={empty}
    />
  );
}
