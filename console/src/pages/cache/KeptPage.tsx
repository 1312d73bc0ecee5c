import { Group } from "@mantine/core";
import type { ReactNode } from "react";
import { FilterBox } from "@/filters/FilterBox";
import { fitting, type LocalField } from "@/filters/local";
import { useFilters } from "@/filters/useFilters";
import { bytes } from "@/parts/numbers";
import { Empty } from "@/parts/PageStates";
import { type Column, VirtualTable } from "@/parts/VirtualTable";
import { Instant } from "@/time/Instant";
import { CacheFrame } from "./CacheFrame";
import { ContentId, CopyState, SilentSchedulers } from "./parts";
import { copiesInWords, type Found, type Kept, keptIn, plural } from "./results";
import { Standing } from "./Standing";

const FIELDS: readonly LocalField<Kept>[] = [
  {
    name: "state",
    description: "Copies in this state",
    values: ["finished", "partial", "failed"],
    valuesOf: (kept) => [kept.copy.state],
  },
  { name: "cluster", description: "In this cluster", valuesOf: (kept) => [kept.cluster] },
  {
    name: "text",
    description: "With this text in host, address or task id",
    textOf: (kept) => `${kept.host.hostname} ${kept.host.ip} ${kept.copy.task_id}`,
  },
];

const COLUMNS: Column<Kept>[] = [
  {
    key: "id",
    title: "Task id",
    width: "minmax(150px, 0.8fr)",
    render: (kept) => <ContentId id={kept.copy.task_id} />,
  },
  {
    key: "host",
    title: "Host",
    width: "minmax(120px, 1.2fr)",
    render: (kept) => <span title={`${kept.host.ip}:${kept.host.port}`}>{kept.host.hostname}</span>,
  },
  { key: "cluster", title: "Cluster", width: "minmax(90px, 0.6fr)", isWide: true, render: (kept) => kept.cluster },
  { key: "state", title: "Copy", width: "90px", isWide: true, render: (kept) => <CopyState state={kept.copy.state} /> },
  {
    key: "size",
    title: "Size",
    width: "96px",
    isNumber: true,
    render: (kept) => bytes(kept.copy.content_length),
  },
  {
    key: "since",
    title: "Kept since",
    width: "minmax(120px, 0.6fr)",
    isWide: true,
    render: (kept) => <Instant at={kept.copy.finished_at ?? kept.copy.updated_at} />,
  },
];

/** Everything that hosts keep, as far as they tell. */
export function KeptPage() {
  return (
    <CacheFrame fills>
      <Standing<Found>
        operation="cache.list"
        question="What do the hosts keep?"
        explanation="Every host is asked for all that it keeps. Hosts of Dragonfly itself tell that to their own machine alone."
      >
        {(found, asked, again) => <KeptTable found={found} asked={asked} again={again} />}
      </Standing>
    </CacheFrame>
  );
}

function KeptTable({ found, asked, again }: { found: Found; asked: ReactNode; again: ReactNode }) {
  const [conditions, setConditions] = useFilters(FIELDS);
  const all = keptIn(found.clusters);
  const silent = found.clusters.reduce((sum, cluster) => sum + cluster.failures.length, 0);
  return (
    <>
      <Group justify="space-between">
        <Group gap="sm">
          <b>{copiesInWords(found.clusters.flatMap((cluster) => cluster.holders))}</b>
          {silent > 0 && <span>{plural(silent, "host")} did not say</span>}
          {asked}
        </Group>
        {again}
      </Group>
      {found.clusters.map((cluster) => (
        <SilentSchedulers key={cluster.id} cluster={cluster} />
      ))}
      <Group>
        <FilterBox label="Filter copies" fields={FIELDS} conditions={conditions} onChange={setConditions} />
      </Group>
      <VirtualTable
        label="What is kept"
        columns={COLUMNS}
        rows={fitting(all, FIELDS, conditions)}
        rowKey={(kept) => kept.key}
        rowName={(kept) => `${kept.copy.task_id} on ${kept.host.hostname}`}
        empty={
          conditions.length > 0 ? (
            <Empty title="No copy fits these filters">Take one away to see more.</Empty>
          ) : (
            <Empty title="The hosts keep nothing, or do not tell" />
          )
        }
      />
    </>
  );
}
