import { Group, Text } from "@mantine/core";
import {
  IconCalendarTime,
  IconDoor,
  IconHourglassLow,
  IconLink,
  IconLock,
  IconPlayerPause,
  IconServerOff,
  IconStack2,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ComponentType } from "react";
import type { Obstacle, State, Task } from "@/api/types";
import { useRefreshOnEvents } from "@/live/hooks";
import { QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { PoolSlots } from "@/parts/PoolSlots";
import { TaskLine } from "@/states/TaskLine";
import { Instant } from "@/time/Instant";
import { whyQuery } from "./queries";
import classes from "./WhyPanel.module.css";

const GATES: Record<string, { title: string; icon: ComponentType<{ size?: number }> }> = {
  run_at: { title: "Its time has not come", icon: IconCalendarTime },
  gate: { title: "Its gate is closed", icon: IconDoor },
  dependencies: { title: "It depends on other tasks", icon: IconLink },
  resources: { title: "What it locks is taken", icon: IconLock },
  paused: { title: "An operator holds it", icon: IconPlayerPause },
  pool: { title: "Its pool has no slot for it", icon: IconStack2 },
  position: { title: "Others are ahead in line", icon: IconHourglassLow },
  worker: { title: "No worker takes it", icon: IconServerOff },
};

/** Why a task waits: each thing that stands in its way, with a link to what causes it. */
export function WhyPanel({ task }: { task: Task }) {
  const query = whyQuery(task.id);
  const why = useQuery(query);
  useRefreshOnEvents(query.queryKey, (event) => event.kind !== "progress" && event.kind !== "report");
  return (
    <Panel title="Why it waits">
      <QueryStates query={why}>
        {({ obstacles }) => (
          <ul className={classes.obstacles}>
            {obstacles.map((obstacle) => (
              <ObstacleItem key={`${obstacle.gate} ${obstacle.detail}`} obstacle={obstacle} />
            ))}
          </ul>
        )}
      </QueryStates>
    </Panel>
  );
}

function ObstacleItem({ obstacle }: { obstacle: Obstacle }) {
  const gate = GATES[obstacle.gate] ?? { title: obstacle.gate, icon: IconHourglassLow };
  return (
    <li>
      <span className={classes.icon}>
        <gate.icon size={17} />
      </span>
      <div className={classes.text}>
        <Text size="sm" fw={550}>
          {gate.title}
        </Text>
        <Text size="sm" c="var(--faint)">
          {obstacle.detail}
        </Text>
        <Cause obstacle={obstacle} />
      </div>
    </li>
  );
}

/** A task as the facts of an obstacle name it. */
interface NamedTask {
  id: string;
  number: number;
  name: string;
  state: State;
  holds?: boolean;
}

/** The members of `facts` that `GET /v1/tasks/{task}/why` gives, each with its gate. */
interface Facts {
  run_at?: string;
  url?: string;
  tasks?: NamedTask[];
  resource?: string;
  queue?: string;
  pool?:
    | { name: string; limit: number; reserved: number; threshold: number; running: number; running_ordinary: number }
    | string;
}

function Cause({ obstacle }: { obstacle: Obstacle }) {
  const facts = obstacle.facts as Facts;
  return (
    <Group gap="sm" mt={4}>
      {facts.run_at && (
        <Text size="sm">
          <Instant at={facts.run_at} />
        </Text>
      )}
      {facts.url && (
        <a href={facts.url} target="_blank" rel="noreferrer" className={classes.link}>
          {facts.url}
        </a>
      )}
      {facts.tasks?.map((task) => (
        <TaskLine key={task.id} task={task}>
          <Link to="/tasks/$task" params={{ task: String(task.number) }} className={classes.link}>
            {task.name} #{task.number}
          </Link>
        </TaskLine>
      ))}
      {typeof facts.pool === "object" && (
        <>
          <PoolSlots pool={facts.pool} />
          <Link
            to="/tasks"
            search={{ pool: facts.pool.name, state: ["running", "canceling"] }}
            className={classes.link}
          >
            what runs in {facts.pool.name}
          </Link>
        </>
      )}
      {facts.resource && (
        <Link to="/tasks" search={{ resource: facts.resource }} className={classes.link}>
          all that lock {facts.resource}
        </Link>
      )}
      {facts.queue && (
        <Link to="/tasks" search={{ queue: facts.queue, state: ["queued"] }} className={classes.link}>
          the line of {facts.queue}
        </Link>
      )}
    </Group>
  );
}
