import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { count } from "@/parts/numbers";
import { QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { stateColor } from "@/states/states";
import classes from "./lists.module.css";
import { workersQuery } from "./queries";
import { Nothing } from "./RunningNow";

const SHOWN = 8;

/** The workers that are alive, and how busy they are. */
export function Workers() {
  const workers = useQuery(workersQuery);
  const alive = workers.data?.items.filter((worker) => worker.state === "online") ?? [];
  return (
    <Panel title="Workers" aside={workers.data && <span className={classes.faint}>{count(alive.length)} alive</span>}>
      <QueryStates query={workers}>
        {() =>
          alive.length === 0 ? (
            <Nothing>No worker is alive: what is queued waits for one. Start one with: taskward worker</Nothing>
          ) : (
            <ul className={classes.list}>
              {alive.slice(0, SHOWN).map((worker) => (
                <li key={worker.id} className={classes.reason}>
                  <Link to="/tasks" search={{ worker: worker.name }} className={classes.name}>
                    {worker.name}
                  </Link>
                  <span className={classes.bar}>
                    <span
                      style={{
                        width: `${Math.min(worker.running / Math.max(worker.concurrency, 1), 1) * 100}%`,
                        background: stateColor("running"),
                      }}
                    />
                  </span>
                  <span className={classes.number}>
                    {count(worker.running)} / {count(worker.concurrency)}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </QueryStates>
    </Panel>
  );
}
