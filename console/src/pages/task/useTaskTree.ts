import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import type { Task, TreeNode } from "@/api/types";
import { useEvents, useFreshFirstRead } from "@/live/hooks";
import { patchedAll } from "@/live/patch";
import { throttled } from "@/live/throttle";
import { type Forest, grafts, joined, plant, wholeIn } from "./forest";
import { failedBelowQuery, hitsQuery, type Part, partQuery, treeKey, treeQuery } from "./queries";

const REFRESH_MS = 1_000;
const REFRESH_LARGE_MS = 10_000;
const LARGE = 2_000;

export interface TaskTree {
  nodes: TreeNode[];
  forest: Forest;
  /** Whether there is more than has been read. */
  isPart: boolean;
  /** What the server found of `sought`, beside what a look at the nodes finds. */
  hits: ReadonlySet<string>;
  /** How much of the tree has been searched. */
  searched: "all" | "read" | "pending";
}

/**
 * What is below a task, live: nodes change in place, and the tree is read again when some came or folded.
 *
 * Of a large tree the beginning is read, and what is below a node when `readBelow` asks for it, part by part. What
 * failed and what is `sought` is found in all of it.
 */
export function useTaskTree(task: Task, sought = "") {
  const client = useQueryClient();
  const [asked, setAsked] = useState<readonly Part[]>([]);
  const first = useQuery(treeQuery(task.id));
  const parts = useQueries({
    queries: asked.map((part) => partQuery(task.id, part)),
    combine: (results) => results.map(({ data }) => data),
  });
  const isTruncated = first.data?.truncated ?? false;
  const readFirst = () => new Set(client.getQueryData(treeQuery(task.id).queryKey)?.nodes.map(({ id }) => id));
  const failed = useQuery({ ...failedBelowQuery(task.id, task.root_id, readFirst), enabled: isTruncated });
  const found = useQuery({
    ...hitsQuery(task.id, task.root_id, sought, readFirst),
    enabled: isTruncated && sought !== "",
  });
  const data = useMemo((): TaskTree | undefined => {
    if (!first.data) {
      return undefined;
    }
    const hits = new Set(sought ? found.data?.hits : []);
    if (!isTruncated) {
      const { nodes } = first.data;
      const forest = plant(nodes);
      return forest && { nodes, forest, hits, isPart: false, searched: "all" };
    }
    const read = joined([first.data.nodes, ...parts.map((part) => part?.nodes ?? [])]);
    const beyond = joined([failed.data?.nodes ?? [], sought ? (found.data?.nodes ?? []) : []]);
    const nodes = [...read, ...grafts(beyond, new Set(read.map(({ id }) => id)))];
    const whole = wholeIn(first.data.nodes);
    asked.forEach((part, index) => {
      const answer = parts[index];
      if (answer && part.isDeep) {
        for (const { id } of answer.nodes.filter(({ folded }) => folded)) {
          whole.add(id);
        }
      } else if (answer && !answer.next) {
        whole.add(part.node);
      }
    });
    const forest = plant(nodes, whole);
    const searched = found.isPending ? "pending" : found.data?.isAll ? "all" : "read";
    return forest && { nodes, forest, hits, isPart: true, searched };
  }, [first.data, parts, asked, isTruncated, failed.data, sought, found.data, found.isPending]);

  const isLarge = (data?.nodes.length ?? 0) > LARGE;
  const refresh = useEffectEvent(() => void client.invalidateQueries({ queryKey: treeKey(task.id) }));
  const refresher = useRef<ReturnType<typeof throttled> | undefined>(undefined);
  useEffect(() => {
    const made = throttled(() => refresh(), isLarge ? REFRESH_LARGE_MS : REFRESH_MS);
    refresher.current = made;
    return made.stop;
  }, [isLarge]);
  useFreshFirstRead(treeKey(task.id));
  useEvents(
    (events) => {
      const own = events.filter((event) => event.root_id === task.root_id);
      if (own.length === 0) {
        return;
      }
      client.setQueriesData<{ nodes: TreeNode[] }>({ queryKey: treeKey(task.id) }, (known) => {
        const nodes = known && patchedAll(known.nodes, own);
        return known && nodes && nodes !== known.nodes ? { ...known, nodes } : known;
      });
      const hasGrown = own.some(({ kind }) => kind === "created" || kind === "tree" || kind === "deleted");
      if (hasGrown || (isTruncated && own.some(({ kind, data }) => kind === "state" && data.state === "failed"))) {
        refresher.current?.call();
      }
    },
    () => refresher.current?.call(),
  );
  /** Reads what is below a node; the part behind what has been read of it, once that is there. */
  const readBelow = (id: string) => {
    const next = data && nextPart(id, data.nodes, asked, parts);
    if (next) {
      setAsked((known) => (known.some((part) => isSame(part, next)) ? known : [...known, next]));
    }
  };
  return {
    tree: { data, error: first.error, isPending: first.isPending, refetch: first.refetch },
    readBelow,
  };
}

/** What to ask for next below a node: nothing while it is being read. */
function nextPart(
  id: string,
  nodes: readonly TreeNode[],
  asked: readonly Part[],
  parts: readonly ({ next?: Part | undefined } | undefined)[],
): Part | undefined {
  const at = (sought: string | null) => nodes.find((node) => node.id === sought);
  let node = at(id);
  if (node?.folded) {
    // What has folded has no address: it is read with the task that it folded into.
    while (node?.folded) {
      node = at(node.parent_id);
    }
    return node && { node: node.id, isDeep: true };
  }
  const last = asked.findLastIndex((part) => part.node === id && !part.isDeep);
  return last < 0 ? { node: id } : parts[last]?.next;
}

function isSame(one: Part, other: Part): boolean {
  return (
    one.node === other.node && one.isDeep === other.isDeep && one.since === other.since && one.after === other.after
  );
}
