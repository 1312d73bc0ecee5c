import { Link } from "@tanstack/react-router";
import { count } from "@/parts/numbers";
import { StateIcon } from "@/states/StateIcon";
import { STATES } from "@/states/states";
import classes from "./StateCounts.module.css";

/** How many tasks are in each state; each number leads to them. */
export function StateCounts({ states }: { states: Record<string, number> }) {
  return (
    <ul className={classes.counts} aria-label="Tasks by state">
      {STATES.map((state) => (
        <li key={state}>
          <Link
            to="/tasks"
            search={{ state: [state] }}
            className={classes.count}
            data-zero={!states[state] || undefined}
          >
            <span className={classes.state}>
              <StateIcon state={state} size={14} />
              {state}
            </span>
            <span className={classes.number}>{count(states[state] ?? 0)}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
