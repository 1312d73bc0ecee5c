import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { count } from "@/parts/numbers";
import { QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { Instant } from "@/time/Instant";
import classes from "./lists.module.css";
import { failuresQuery } from "./queries";
import { Nothing } from "./RunningNow";

/** What failed in the last day, by operation and kind of error. */
export function Failures() {
  const failures = useQuery(failuresQuery);
  return (
    <Panel
      title="Failures of the last 24 hours"
      aside={
        <Link to="/tasks" search={{ state: ["failed"] }} className={classes.all}>
          All
        </Link>
      }
    >
      <QueryStates query={failures}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing>Nothing has failed.</Nothing>
          ) : (
            <ul className={classes.list}>
              {items.map((group) => (
                <li key={`${group.operation} ${group.type}`} className={classes.failure}>
                  <Link
                    to="/tasks"
                    search={{ state: ["failed"], operation: group.operation }}
                    className={`${classes.name} ${classes.error}`}
                  >
                    {group.operation} <span className={classes.faint}>· {group.type}</span>
                  </Link>
                  <span className={classes.number}>{count(group.count)}×</span>
                  <span className={`${classes.number} ${classes.faint}`}>
                    <Instant at={group.last_at} />
                  </span>
                  <Link to="/tasks/$task" params={{ task: group.last_task_id }} className={classes.message}>
                    {group.last_message || "without a message"}
                  </Link>
                </li>
              ))}
            </ul>
          )
        }
      </QueryStates>
    </Panel>
  );
}
