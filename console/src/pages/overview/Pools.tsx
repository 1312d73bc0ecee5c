import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { count } from "@/parts/numbers";
import { QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { PoolSlots } from "@/parts/PoolSlots";
import classes from "./lists.module.css";
import { poolsQuery } from "./queries";
import { Nothing } from "./RunningNow";

/** How full the pools are, and which of their slots only urgent tasks get. */
export function Pools() {
  const pools = useQuery(poolsQuery);
  return (
    <Panel title="Pools">
      <QueryStates query={pools}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing>There are no pools: nothing bounds how much runs beside the workers' own slots.</Nothing>
          ) : (
            <ul className={classes.list}>
              {items.map((pool) => (
                <li key={pool.name} className={classes.pool}>
                  <Link to="/tasks" search={{ pool: pool.name }} className={classes.name}>
                    {pool.name}
                  </Link>
                  <PoolSlots pool={pool} />
                  <span className={classes.number}>
                    {count(pool.running)} / {count(pool.limit)}
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
