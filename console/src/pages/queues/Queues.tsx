import { Button } from "@mantine/core";
import { IconAlertTriangle, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Queue } from "@/api/types";
import { useMay } from "@/auth/session";
import { usePolling } from "@/live/polling";
import { count } from "@/parts/numbers";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Table, type TableColumn } from "@/parts/Table";
import classes from "./Queues.module.css";
import { queuesQuery } from "./queries";

const COLUMNS: TableColumn<Queue>[] = [
  {
    key: "name",
    title: "Queue",
    grows: true,
    render: (queue) => (
      <Link to="/tasks" search={{ queue: queue.name }}>
        {queue.name}
      </Link>
    ),
  },
  { key: "standing", title: "Claims", render: (queue) => <Standing queue={queue} /> },
  {
    key: "queued",
    title: "Queued",
    isNumber: true,
    render: (queue) => (
      <Link to="/tasks" search={{ queue: queue.name, state: ["queued"] }}>
        {count(queue.queued)}
      </Link>
    ),
  },
  {
    key: "running",
    title: "Running",
    isNumber: true,
    isWide: true,
    render: (queue) => (
      <Link to="/tasks" search={{ queue: queue.name, state: ["running", "canceling"] }}>
        {count(queue.running)}
      </Link>
    ),
  },
  {
    key: "workers",
    title: "Workers",
    isNumber: true,
    isWide: true,
    render: (queue) => (
      <Link to="/workers" search={{ queue: queue.name, state: ["online"] }}>
        {count(queue.workers)}
      </Link>
    ),
  },
];

/** Whether workers take tasks from a queue, and what is wrong when none does. */
function Standing({ queue }: { queue: Queue }) {
  if (queue.paused) {
    return (
      <span className={classes.paused}>
        <IconPlayerPause size={14} aria-hidden /> paused
      </span>
    );
  }
  if (queue.workers === 0) {
    return (
      <span className={classes.deserted}>
        <IconAlertTriangle size={14} aria-hidden /> no worker serves it
      </span>
    );
  }
  return <span className={classes.open}>open</span>;
}

/** The queues, each with a button that stops and starts claims from it. */
export function Queues() {
  const mayWrite = useMay("write");
  const queues = useQuery({ ...queuesQuery, refetchInterval: usePolling() });
  const setPaused = useChange(
    ({ name, paused }: { name: string; paused: boolean }) =>
      body(api.PATCH("/v1/queues/{name}", { params: { path: { name } }, body: { paused } })),
    {
      done: ({ name, paused }) => (paused ? `Queue ${name} is paused` : `Queue ${name} is open again`),
      failed: "The queue could not be changed",
      refresh: queuesQuery.queryKey,
    },
  );
  const button = (queue: Queue) => (
    <Button
      variant="default"
      size="compact-xs"
      loading={setPaused.isPending && setPaused.variables.name === queue.name}
      leftSection={queue.paused ? <IconPlayerPlay size={13} /> : <IconPlayerPause size={13} />}
      aria-label={`${queue.paused ? "Resume" : "Pause"} queue ${queue.name}`}
      onClick={() => setPaused.mutate({ name: queue.name, paused: !queue.paused })}
    >
      {queue.paused ? "Resume" : "Pause"}
    </Button>
  );
  return (
    <QueryStates query={queues}>
      {(rows) => (
        <Table
          label="Queues"
          title="Queues"
          columns={COLUMNS}
          rows={rows}
          rowKey={(queue) => queue.name}
          actions={mayWrite ? button : undefined}
          empty={<Empty title="There are no queues yet">One appears with its first task or worker.</Empty>}
        />
      )}
    </QueryStates>
  );
}
