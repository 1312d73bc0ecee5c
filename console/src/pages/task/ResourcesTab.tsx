import { Badge, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Task } from "@/api/types";
import { poolsQuery } from "@/pages/overview/queries";
import { Empty, QueryStates } from "@/parts/PageStates";
import { PoolSlots } from "@/parts/PoolSlots";
import { StateBadge } from "@/states/StateBadge";
import { ACTIVE, FINAL } from "@/states/states";
import { Elapsed } from "@/time/Elapsed";
import { resourceQuery } from "./queries";
import classes from "./ResourcesTab.module.css";

/** What the task locks, who else does or waits for it, and the pool that it needs a slot of. */
export function ResourcesTab({ task }: { task: Task }) {
  if (task.resources.length === 0 && !task.pool) {
    return <Empty title="It locks nothing and needs no pool">It runs beside everything else.</Empty>;
  }
  return (
    <div className={classes.parts}>
      {task.resources.map((resource) => (
        <ResourceLine key={resource.name} task={task} name={resource.name} isExclusive={resource.exclusive ?? true} />
      ))}
      {task.pool && <PoolPart name={task.pool} />}
    </div>
  );
}

function ResourceLine({ task, name, isExclusive }: { task: Task; name: string; isExclusive: boolean }) {
  const line = useQuery(resourceQuery(task.id, name));
  const role = FINAL.has(task.state) ? "locked" : ACTIVE.has(task.state) ? "holds" : "wants";
  return (
    <section aria-label={name}>
      <div className={classes.head}>
        <Text size="sm">This task {role}</Text>
        <Link to="/tasks" search={{ resource: name }} className={classes.name}>
          {name}
        </Link>
        <Badge color="gray">{isExclusive ? "exclusive" : "shared"}</Badge>
      </div>
      <QueryStates query={line}>
        {(tasks) =>
          tasks.length === 0 ? (
            <Text size="sm" c="var(--faint)">
              Nobody locks it now.
            </Text>
          ) : (
            <ol className={classes.line}>
              {tasks.map((one) => (
                <li key={one.id} data-own={one.id === task.id || undefined}>
                  <span className={classes.role}>{ACTIVE.has(one.state) ? "holds it" : "waits"}</span>
                  <StateBadge state={one.state} />
                  <Link to="/tasks/$task" params={{ task: String(one.number) }}>
                    {one.name} #{one.number}
                  </Link>
                  <span className={classes.time}>
                    <Elapsed from={one.started_at ?? one.created_at} />
                  </span>
                </li>
              ))}
            </ol>
          )
        }
      </QueryStates>
    </section>
  );
}

function PoolPart({ name }: { name: string }) {
  const pools = useQuery(poolsQuery);
  return (
    <section aria-label={`Pool ${name}`}>
      <div className={classes.head}>
        <Text size="sm">It needs a slot of pool</Text>
        <Link to="/tasks" search={{ pool: name, state: ["running", "canceling"] }} className={classes.name}>
          {name}
        </Link>
      </div>
      <QueryStates query={pools}>
        {({ items }) => {
          const pool = items.find((one) => one.name === name);
          return pool ? <PoolSlots pool={pool} /> : <Text size="sm">The pool does not exist any more.</Text>;
        }}
      </QueryStates>
    </section>
  );
}
