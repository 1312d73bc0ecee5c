import { Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEvents, useFreshFirstRead } from "@/live/hooks";
import { patchedAll } from "@/live/patch";
import { QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { ProgressBar } from "@/parts/ProgressBar";
import { StateIcon } from "@/states/StateIcon";
import { ACTIVE } from "@/states/states";
import { Elapsed } from "@/time/Elapsed";
import classes from "./lists.module.css";
import { runningQuery } from "./queries";

/** What is running, the newest first, with its progress. */
export function RunningNow() {
  const client = useQueryClient();
  const running = useQuery(runningQuery);
  useFreshFirstRead(runningQuery.queryKey);
  useEvents(
    (events) =>
      client.setQueryData(runningQuery.queryKey, (page) => page && { ...page, items: patchedAll(page.items, events) }),
    () => undefined,
  );
  return (
    <Panel
      title="Running now"
      aside={
        <Link to="/tasks" search={{ state: ["running", "canceling"] }} className={classes.all}>
          All
        </Link>
      }
    >
      <QueryStates query={running}>
        {({ items }) => {
          const shown = items.filter((task) => ACTIVE.has(task.state));
          if (shown.length === 0) {
            return <Nothing>Nothing is running.</Nothing>;
          }
          return (
            <ul className={classes.list}>
              {shown.map((task) => (
                <li key={task.id} className={classes.task}>
                  <StateIcon state={task.state} />
                  <Link
                    to="/tasks/$task"
                    params={{ task: String(task.number) }}
                    className={classes.name}
                    title={task.progress.message || task.name}
                  >
                    {task.name}
                  </Link>
                  <span className={classes.progress}>
                    <ProgressBar progress={task.progress} state={task.state} />
                  </span>
                  <span className={classes.number}>
                    <Elapsed from={task.started_at} />
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </QueryStates>
    </Panel>
  );
}

/** A sentence in the place of a list. */
export function Nothing({ children }: { children: string }) {
  return (
    <Text size="sm" c="var(--faint)" py="xs">
      {children}
    </Text>
  );
}
