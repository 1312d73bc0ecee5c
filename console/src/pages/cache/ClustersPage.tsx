import { Group } from "@mantine/core";
import { Empty } from "@/parts/PageStates";
import { Table, type TableColumn } from "@/parts/Table";
import { CacheFrame } from "./CacheFrame";
import classes from "./ClustersPage.module.css";
import { type ClusterHosts, type Host, plural, type Scheduler } from "./results";
import { Standing } from "./Standing";

const COLUMNS: TableColumn<Host>[] = [
  { key: "name", title: "Host", grows: true, render: (host) => host.hostname },
  { key: "type", title: "Type", render: (host) => (host.type === "seed" ? "seed peer" : "peer") },
  { key: "address", title: "Address", render: (host) => `${host.ip}:${host.port}` },
  {
    key: "id",
    title: "Id",
    isWide: true,
    render: (host) => (
      <code className={classes.id} title={host.id}>
        {host.id}
      </code>
    ),
  },
];

/** The clusters of the network, whether their schedulers answer, and the hosts these know. */
export function ClustersPage() {
  return (
    <CacheFrame>
      <Standing<ClusterHosts[]>
        operation="cache.clusters"
        question="Which hosts are there?"
        explanation="Every scheduler of every cluster is asked for the hosts it knows."
      >
        {(clusters, asked, again) =>
          clusters.length === 0 ? (
            <Empty title="There are no clusters">
              Name them in the setting <code>cache.clusters</code> of the server and its workers.
            </Empty>
          ) : (
            <>
              <Group justify="space-between">
                {asked}
                {again}
              </Group>
              {clusters.map((cluster) => (
                <Table
                  key={cluster.id}
                  label={`Hosts of ${cluster.name}`}
                  title={`${cluster.name} · ${plural(cluster.hosts.length, "host")}`}
                  aside={<Schedulers schedulers={cluster.schedulers} />}
                  columns={COLUMNS}
                  rows={cluster.hosts}
                  rowKey={(host) => host.id}
                  empty={<Empty title="Its schedulers know no hosts" />}
                />
              ))}
            </>
          )
        }
      </Standing>
    </CacheFrame>
  );
}

function Schedulers({ schedulers }: { schedulers: Scheduler[] }) {
  return (
    <Group gap="sm">
      {schedulers.map((scheduler) => (
        <span
          key={scheduler.address}
          className={classes.scheduler}
          data-active={scheduler.active || undefined}
          title={scheduler.error}
        >
          {scheduler.address} {scheduler.active ? "answers" : "does not answer"}
        </span>
      ))}
    </Group>
  );
}
