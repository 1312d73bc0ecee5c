import { IconAlertTriangle } from "@tabler/icons-react";
import { CopyText } from "@/parts/JsonView";
import { bytes } from "@/parts/numbers";
import { Empty } from "@/parts/PageStates";
import { Table, type TableColumn } from "@/parts/Table";
import { Instant } from "@/time/Instant";
import classes from "./parts.module.css";
import { type Cluster, type Copy, type Host, type HostFailure, type Kept, plural } from "./results";

/** The name of a host, and where it is. */
export function HostName({ host }: { host: Host }) {
  return (
    <span className={classes.host}>
      <b>{host.hostname}</b>
      <span>
        {host.ip}:{host.port}
        {host.type === "seed" && " · seed"}
      </span>
    </span>
  );
}

/** An id of a task of the network: its beginning, and all of it on the clipboard. */
export function ContentId({ id }: { id: string }) {
  return (
    <span className={classes.id} title={id}>
      <code>{id.slice(0, 12)}</code>
      <CopyText text={id} label="Copy the task id" />
    </span>
  );
}

/** Whether a host keeps all of it, a part, or what a failed download left. */
export function CopyState({ state }: { state: Copy["state"] }) {
  return (
    <span className={classes.copy} data-state={state}>
      {state}
    </span>
  );
}

export const KEPT_COLUMNS: TableColumn<Kept>[] = [
  { key: "host", title: "Host", grows: true, render: (kept) => <HostName host={kept.host} /> },
  { key: "state", title: "Copy", render: (kept) => <CopyState state={kept.copy.state} /> },
  { key: "size", title: "Size", isNumber: true, render: (kept) => bytes(kept.copy.content_length) },
  {
    key: "piece",
    title: "Pieces of",
    isNumber: true,
    isWide: true,
    render: (kept) => bytes(kept.copy.piece_length),
  },
  { key: "id", title: "Task id", isWide: true, render: (kept) => <ContentId id={kept.copy.task_id} /> },
  {
    key: "since",
    title: "Kept since",
    isWide: true,
    render: (kept) => <Instant at={kept.copy.finished_at ?? kept.copy.updated_at} />,
  },
];

const FAILURE_COLUMNS: TableColumn<HostFailure>[] = [
  { key: "host", title: "Host", render: (failure) => <HostName host={failure.host} /> },
  {
    key: "error",
    title: "Why",
    grows: true,
    render: (failure) => <span title={failure.error}>{failure.error}</span>,
  },
  {
    key: "id",
    title: "Task id",
    isWide: true,
    render: (failure) => (failure.task_id ? <ContentId id={failure.task_id} /> : "–"),
  },
];

interface FailuresProps {
  title: string;
  failures: readonly HostFailure[];
}

/** Hosts that did not do what was asked, and why. Nothing where there are none. */
export function Failures({ title, failures }: FailuresProps) {
  if (failures.length === 0) {
    return null;
  }
  return (
    <Table
      label={title}
      title={title}
      aside={<span className={classes.failures}>{plural(failures.length, "failure")}</span>}
      columns={FAILURE_COLUMNS}
      rows={[...failures]}
      rowKey={(failure) => `${failure.host.id} ${failure.task_id} ${failure.error}`}
      empty={<Empty title="None" />}
    />
  );
}

/** Schedulers that did not answer. Nothing where all did. */
export function SilentSchedulers({ cluster }: { cluster: Cluster }) {
  const silent = cluster.schedulers.filter((scheduler) => !scheduler.active);
  if (silent.length === 0) {
    return null;
  }
  return (
    <ul className={classes.silent} aria-label={`Schedulers of ${cluster.name} that do not answer`}>
      {silent.map((scheduler) => (
        <li key={scheduler.address}>
          <IconAlertTriangle size={14} aria-hidden /> {scheduler.address}: {scheduler.error || "does not answer"}
        </li>
      ))}
    </ul>
  );
}
