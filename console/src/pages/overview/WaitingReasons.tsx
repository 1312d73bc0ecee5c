import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { State, WaitingReason } from "@/api/types";
import { count } from "@/parts/numbers";
import { QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { stateColor } from "@/states/states";
import classes from "./lists.module.css";
import { waitingQuery } from "./queries";
import { Nothing } from "./RunningNow";

/** What people read for a reason, and the state that tasks with it are in. */
const REASONS: Record<string, { words: (name: string) => string; state: State; filter: "queue" | "pool" | null }> = {
  run_at: { words: () => "for their time", state: "scheduled", filter: null },
  gate: { words: () => "for a gate to open", state: "scheduled", filter: null },
  dependencies: { words: () => "for other tasks", state: "blocked", filter: null },
  resources: { words: () => "for a resource", state: "blocked", filter: null },
  paused: { words: () => "held by an operator", state: "paused", filter: null },
  "queue-paused": { words: (name) => `queue ${name} is paused`, state: "queued", filter: "queue" },
  worker: { words: (name) => `no worker for queue ${name}`, state: "queued", filter: "queue" },
  pool: { words: (name) => `pool ${name} is full`, state: "queued", filter: "pool" },
  position: { words: (name) => (name ? `in line in queue ${name}` : "in line"), state: "queued", filter: "queue" },
};

/** Why what waits waits; each reason leads to the tasks in that state. */
export function WaitingReasons() {
  const waiting = useQuery(waitingQuery);
  return (
    <Panel title="Waiting">
      <QueryStates query={waiting}>
        {({ items }) => {
          const most = Math.max(...items.map((item) => item.count), 1);
          return items.length === 0 ? (
            <Nothing>Nothing waits.</Nothing>
          ) : (
            <ul className={classes.list}>
              {items.map((item) => (
                <Reason key={`${item.reason} ${item.name}`} item={item} most={most} />
              ))}
            </ul>
          );
        }}
      </QueryStates>
    </Panel>
  );
}

function Reason({ item, most }: { item: WaitingReason; most: number }) {
  const reason = REASONS[item.reason] ?? { words: () => item.reason, state: "queued" as const, filter: null };
  const named = reason.filter && item.name ? { [reason.filter]: item.name } : {};
  return (
    <li className={classes.reason}>
      <Link to="/tasks" search={{ state: [reason.state], ...named }} className={classes.name}>
        {reason.words(item.name)}
      </Link>
      <span className={classes.bar}>
        <span style={{ width: `${(item.count / most) * 100}%`, background: stateColor(reason.state) }} />
      </span>
      <span className={classes.number}>
        {count(item.count)}
        {item.at_least && "+"}
      </span>
    </li>
  );
}
