import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Task } from "@/api/types";
import { CopyText } from "@/parts/JsonView";
import { Elapsed } from "@/time/Elapsed";
import { Instant } from "@/time/Instant";
import classes from "./TaskFacts.module.css";

/** Everything about a task that is one line, with links to what it names. */
export function TaskFacts({ task }: { task: Task }) {
  const group = task.labels.group;
  return (
    <dl className={classes.facts}>
      <Fact title="Operation">
        <Link to="/tasks" search={{ operation: task.operation }}>
          {task.operation}
        </Link>
      </Fact>
      <Fact title="Queue">
        <Link to="/tasks" search={{ queue: task.queue }}>
          {task.queue}
        </Link>
        {task.pool && (
          <>
            , pool{" "}
            <Link to="/tasks" search={{ pool: task.pool }}>
              {task.pool}
            </Link>
          </>
        )}
      </Fact>
      <Fact title="Priority">{task.priority}</Fact>
      <Fact title="Worker">
        {task.worker ? (
          <Link to="/tasks" search={{ worker: task.worker }}>
            {task.worker}
          </Link>
        ) : (
          "–"
        )}
      </Fact>
      <Fact title="Created">
        <Instant at={task.created_at} />
        {task.created_by && ` by ${task.created_by}`}
      </Fact>
      <Fact title="Started">
        <Instant at={task.started_at} missing={task.run_at ? "not yet" : "–"} />
      </Fact>
      <Fact title="Finished">
        <Instant at={task.finished_at} />
      </Fact>
      <Fact title="Ran for">
        <Elapsed from={task.started_at} to={task.finished_at} />
        {task.attempt > 1 && `, attempt ${task.attempt}`}
      </Fact>
      {task.client && (
        <Fact title="Client">
          <Link to="/tasks" search={{ client: task.client }}>
            {task.client}
          </Link>
        </Fact>
      )}
      {task.run_at && (
        <Fact title="Not before">
          <Instant at={task.run_at} />
        </Fact>
      )}
      {task.parent_id && (
        <Fact title="Parent">
          <Link to="/tasks/$task" params={{ task: task.parent_id }}>
            open
          </Link>
          {task.root_id !== task.parent_id && (
            <>
              , root{" "}
              <Link to="/tasks/$task" params={{ task: task.root_id }}>
                open
              </Link>
            </>
          )}
        </Fact>
      )}
      {group && (
        <Fact title="Group">
          <Link to="/tasks" search={{ label: [`group:${group}`] }}>
            its tasks
          </Link>
        </Fact>
      )}
      {task.rerun_of && (
        <Fact title="Rerun of">
          <Link to="/tasks/$task" params={{ task: task.rerun_of }}>
            the run before
          </Link>
        </Fact>
      )}
      {task.superseded_by && (
        <Fact title="Superseded by">
          <Link to="/tasks/$task" params={{ task: task.superseded_by }}>
            the run after
          </Link>
        </Fact>
      )}
      {task.correlation_id && (
        <Fact title="Correlation">
          <Link to="/tasks" search={{ correlation_id: task.correlation_id }}>
            {task.correlation_id}
          </Link>
        </Fact>
      )}
      {Object.entries(task.labels)
        .filter(([name]) => name !== "group")
        .map(([name, value]) => (
          <Fact key={name} title={`Label ${name}`}>
            <Link to="/tasks" search={{ label: [`${name}:${value}`] }}>
              {value}
            </Link>
          </Fact>
        ))}
      <Fact title={task.persist ? "Kept" : "Kept until"}>
        {task.persist ? "for good" : <Instant at={task.expires_at} missing="set when it ends" />}
      </Fact>
      <Fact title="Id">
        <span className={classes.id}>{task.id}</span> <CopyText text={task.id} label="Copy the id" />
      </Fact>
    </dl>
  );
}

function Fact({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
