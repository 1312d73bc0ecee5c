import { Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Task } from "@/api/types";
import { useTask } from "@/pages/task/useTask";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { ProgressBar } from "@/parts/ProgressBar";
import { StateBadge } from "@/states/StateBadge";
import { FINAL } from "@/states/states";
import { Elapsed } from "@/time/Elapsed";
import { Instant } from "@/time/Instant";

interface OutcomeProps<R> {
  /** Number or id of the task. */
  task: string;
  /** Shows what came out, of a task that ended well. */
  children: (result: R, task: Task) => ReactNode;
  /** A button that asks anew, for a task that did not end well. */
  again?: ReactNode;
}

/** What a task of the module found, as soon as it has; until then how far it is, and why it failed if it did. */
export function Outcome<R>({ task: ref, children, again }: OutcomeProps<R>) {
  const { task } = useTask(ref);
  return (
    <QueryStates query={task}>
      {(data) =>
        data.state === "completed" && data.result !== null ? (
          children(data.result as R, data)
        ) : (
          <Panel>
            <Group justify="space-between">
              <Group>
                <StateBadge state={data.state} />
                {!FINAL.has(data.state) && <ProgressBar progress={data.progress} state={data.state} />}
                <Elapsed from={data.started_at} to={data.finished_at} />
              </Group>
              <Group>
                <TaskLink task={data} />
                {FINAL.has(data.state) && again}
              </Group>
            </Group>
            {data.error && (
              <Text size="sm" mt="xs" role="alert" style={{ overflowWrap: "anywhere" }}>
                {data.error.message}
              </Text>
            )}
            {data.state === "completed" && <Empty title="It ended without a result" />}
          </Panel>
        )
      }
    </QueryStates>
  );
}

/** When a task asked, and the way to it. */
export function AskedAt({ task }: { task: Task }) {
  return (
    <Text component="span" size="sm" c="var(--faint)">
      asked <Instant at={task.started_at ?? task.created_at} /> · <TaskLink task={task} />
    </Text>
  );
}

export function TaskLink({ task }: { task: Task }) {
  return (
    <Link to="/tasks/$task" params={{ task: String(task.number) }}>
      task #{task.number}
    </Link>
  );
}
