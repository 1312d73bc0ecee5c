/** What the operations of the module `cache` give as their results. Lengths are in bytes. */

export interface Host {
  id: string;
  hostname: string;
  ip: string;
  port: number;
  type: "normal" | "seed";
}

export interface Copy {
  task_id: string;
  state: "finished" | "partial" | "failed";
  content_length: number;
  piece_length: number;
  updated_at: string;
  finished_at: string | null;
}

export interface Holder {
  host: Host;
  copies: Copy[];
}

export interface HostFailure {
  host: Host;
  error: string;
  task_id: string;
}

export interface Scheduler {
  address: string;
  active: boolean;
  error: string;
}

export interface Cluster {
  id: number;
  name: string;
  schedulers: Scheduler[];
}

export interface Findings extends Cluster {
  asked: number;
  holders: Holder[];
  failures: HostFailure[];
}

export interface Clearing extends Cluster {
  asked: number;
  cleared: Holder[];
  failures: HostFailure[];
}

export interface ClusterHosts extends Cluster {
  hosts: Host[];
}

export interface Target {
  name: string;
  task_ids: string[];
}

export interface Found {
  targets: Target[];
  clusters: Findings[];
}

export interface Image {
  url: string;
  platform: string;
  digest: string;
  blobs: { url: string; digest: string; size: number }[];
}

export interface Cleared {
  dry_run: boolean;
  targets: Target[];
  clusters: Clearing[];
  image: Image | null;
}

export interface Share {
  host: Host;
  cluster_id: number;
  finished: string[];
  partial: string[];
  percent: number;
}

export interface Distribution {
  image: Image;
  hosts: Share[];
  clusters: Findings[];
}

/** One copy on one host: a row of a table. */
export interface Kept {
  key: string;
  cluster: string;
  host: Host;
  copy: Copy;
}

/** Every copy that was found, host by host. */
export function keptIn(clusters: readonly (Cluster & { holders: Holder[] })[]): Kept[] {
  return clusters.flatMap((cluster) =>
    cluster.holders.flatMap(({ host, copies }) =>
      copies.map((copy) => ({
        key: `${cluster.id} ${host.id} ${copy.task_id}`,
        cluster: cluster.name,
        host,
        copy,
      })),
    ),
  );
}

/** How many copies on how many hosts: `3 copies on 2 hosts`. */
export function copiesInWords(holders: readonly Holder[]): string {
  const copies = holders.reduce((sum, holder) => sum + holder.copies.length, 0);
  return `${plural(copies, "copy", "copies")} on ${plural(holders.length, "host")}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}
