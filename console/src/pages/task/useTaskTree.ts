import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import type { Task, TreeNode } from "@/api/types";
import { useEvents } from "@/live/hooks";
import { patchedAll } from "@/live/patch";
import { throttled } from "@/live/throttle";
import { type Forest, plant } from "./forest";
import { branchQuery, failedBelowQuery, treeKey, treeQuery } from "./queries";

const REFRESH_MS = 1_000;
const REFRESH_LARGE_MS = 10_000;
const LARGE = 2_000;

interface Nodes {
  nodes: TreeNode[];
  truncated: boolean;
}

export interface TaskTree {
  nodes: TreeNode[];
  forest: Forest;
  /** Whether there is more than has been read. */
  isPart: boolean;
}

/**
 * What is below a task, live: nodes change in place, and the tree is read again when some came or folded.
 *
 * Of a large tree the beginning is read, and what is below a node when `readBelow` asks for it.
 */
export function useTaskTree(task: Task) {
  const client = useQueryClient();
  const [asked, setAsked] = useState<readonly string[]>([]);
  const first = useQuery(treeQuery(task.id));
  const branches = useQueries({
    queries: asked.map((node) => branchQuery(task.id, node)),
    combine: (results) => results.map(({ data }) => data),
  });
  const isTruncated = first.data?.truncated ?? false;
  const failed = useQuery({ ...failedBelowQuery(task.root_id), enabled: isTruncated });
  const data = useMemo((): TaskTree | undefined => {
    const nodes = first.data && joined(first.data.nodes, branches);
    const read = new Set(asked.filter((_, index) => branches[index] !== undefined));
    const unread = isTruncated ? { read, failed: failed.data?.items ?? [] } : undefined;
    const forest = nodes && plant(nodes, unread);
    return nodes && forest && { nodes, forest, isPart: isTruncated };
  }, [first.data, branches, asked, isTruncated, failed.data]);

  const isLarge = (data?.nodes.length ?? 0) > LARGE;
  const refresh = useEffectEvent(() => void client.invalidateQueries({ queryKey: treeKey(task.id) }));
  const refresher = useRef<ReturnType<typeof throttled> | undefined>(undefined);
  useEffect(() => {
    const made = throttled(() => refresh(), isLarge ? REFRESH_LARGE_MS : REFRESH_MS);
    refresher.current = made;
    return made.stop;
  }, [isLarge]);
  useEvents(
    (events) => {
      const own = events.filter((event) => event.root_id === task.root_id);
      if (own.length === 0) {
        return;
      }
      client.setQueriesData<Nodes>({ queryKey: treeKey(task.id) }, (known) => {
        const nodes = known && patchedAll(known.nodes, own);
        return known && nodes && nodes !== known.nodes ? { ...known, nodes } : known;
      });
      if (own.some(({ kind }) => kind === "created" || kind === "tree" || kind === "deleted")) {
        refresher.current?.call();
      }
    },
    () => refresher.current?.call(),
  );
  const readBelow = (node: string) => setAsked((known) => (known.includes(node) ? known : [...known, node]));
  return {
    tree: { data, error: first.error, isPending: first.isPending, refetch: first.refetch },
    readBelow,
  };
}

/** The nodes of the first answer and of the branches that have been read since, each once. */
function joined(first: TreeNode[], branches: readonly (Nodes | undefined)[]): TreeNode[] {
  if (branches.every((branch) => branch === undefined)) {
    return first;
  }
  const known = new Set(first.map(({ id }) => id));
  const nodes = [...first];
  for (const node of branches.flatMap((branch) => branch?.nodes ?? [])) {
    if (!known.has(node.id)) {
      known.add(node.id);
      nodes.push(node);
    }
  }
  return nodes;
}
