import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Task } from "@/api/types";
import { Empty, QueryStates } from "@/parts/PageStates";
import { StateBadge } from "@/states/StateBadge";
import { Elapsed } from "@/time/Elapsed";
import { Instant } from "@/time/Instant";
import classes from "./AttemptsTab.module.css";
import { ErrorView } from "./ErrorView";
import { attemptsQuery } from "./queries";

/** Each run of the task by a worker, and how it ended. */
export function AttemptsTab({ task }: { task: Task }) {
  const attempts = useQuery(attemptsQuery(task.id));
  return (
    <QueryStates query={attempts}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty title="It has not been tried yet" />
        ) : (
          <ol className={classes.attempts}>
            {items.toReversed().map((attempt) => (
              <li key={attempt.attempt}>
                <div className={classes.head}>
                  <b>Attempt {attempt.attempt}</b>
                  <StateBadge state={attempt.state} />
                  {attempt.worker && (
                    <Link to="/tasks" search={{ worker: attempt.worker }}>
                      {attempt.worker}
                    </Link>
                  )}
                  <span className={classes.time}>
                    <Instant at={attempt.started_at} />, for <Elapsed from={attempt.started_at} to={attempt.ended_at} />
                  </span>
                </div>
                {attempt.error && <ErrorView error={attempt.error} />}
              </li>
            ))}
          </ol>
        )
      }
    </QueryStates>
  );
}
