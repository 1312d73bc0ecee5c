import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Worker } from "@/api/types";
import { FilterBox } from "@/filters/FilterBox";
import { fitting } from "@/filters/local";
import { useFilters } from "@/filters/useFilters";
import { useRefreshOnEvents } from "@/live/hooks";
import { usePolling } from "@/live/polling";
import { Load } from "@/parts/Load";
import { Page } from "@/parts/Page";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Table, type TableColumn } from "@/parts/Table";
import { Instant } from "@/time/Instant";
import { WORKER_FIELDS } from "./fields";
import { workersQuery } from "./queries";
import { WorkerState } from "./WorkerState";

const COLUMNS: TableColumn<Worker>[] = [
  {
    key: "name",
    title: "Name",
    grows: true,
    render: (worker) => (
      <Link to="/workers/$worker" params={{ worker: worker.id }}>
        {worker.name}
      </Link>
    ),
  },
  { key: "state", title: "State", render: (worker) => <WorkerState state={worker.state} /> },
  {
    key: "load",
    title: "Running",
    render: (worker) => <Load taken={worker.running} most={worker.concurrency} label="Running tasks" />,
  },
  { key: "queues", title: "Queues", isWide: true, render: (worker) => worker.queues.join(", ") },
  {
    key: "operations",
    title: "Operations",
    isNumber: true,
    isWide: true,
    render: (worker) => worker.operations.length,
  },
  { key: "host", title: "Host", isWide: true, render: (worker) => `${worker.host} · ${worker.pid}` },
  { key: "version", title: "Version", isWide: true, render: (worker) => worker.version },
  { key: "started", title: "Started", isWide: true, render: (worker) => <Instant at={worker.started_at} /> },
  { key: "heartbeat", title: "Heartbeat", isWide: true, render: (worker) => <Instant at={worker.heartbeat_at} /> },
];

/** The processes that claim and run tasks. */
export function WorkersPage() {
  const [conditions, setConditions] = useFilters(WORKER_FIELDS);
  const workers = useQuery({ ...workersQuery, refetchInterval: usePolling() });
  useRefreshOnEvents(workersQuery.queryKey, (event) => event.kind === "state");
  return (
    <Page title="Workers">
      <Group>
        <FilterBox label="Filter workers" fields={WORKER_FIELDS} conditions={conditions} onChange={setConditions} />
      </Group>
      <QueryStates query={workers}>
        {(all) => (
          <Table
            label="Workers"
            columns={COLUMNS}
            rows={fitting(all, WORKER_FIELDS, conditions)}
            rowKey={(worker) => worker.id}
            empty={
              conditions.length > 0 ? (
                <Empty title="No worker fits these filters">Take one away to see more.</Empty>
              ) : (
                <Empty title="No worker has ever been here">
                  Tasks wait until one comes. Start it with <code>taskward worker</code>.
                </Empty>
              )
            }
          />
        )}
      </QueryStates>
    </Page>
  );
}
