import type { ReactNode } from "react";
import type { Task } from "@/api/types";
import { StateBadge } from "./StateBadge";
import classes from "./TaskLine.module.css";

/** A task in one line of a list: its state, its name and number. */
export function TaskLine({ task, children }: { task: Pick<Task, "state" | "name" | "number">; children?: ReactNode }) {
  return (
    <span className={classes.line}>
      <StateBadge state={task.state} />
      {children ?? `${task.name} #${task.number}`}
    </span>
  );
}
