import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { Task } from "@/api/types";
import { useEvents } from "@/live/hooks";
import { patchedAll } from "@/live/patch";
import { throttled } from "@/live/throttle";
import { TREE_FIRST, TREE_MOST, treeQuery } from "./queries";

const REFRESH_MS = 1_000;
const REFRESH_LARGE_MS = 10_000;
const LARGE = 2_000;

/** What is below a task, live: nodes change in place, and the tree is read again when some came or folded. */
export function useTaskTree(task: Task) {
  const client = useQueryClient();
  const [limit, setLimit] = useState(TREE_FIRST);
  const options = treeQuery(task.id, limit);
  const tree = useQuery({ ...options, placeholderData: (before) => before });
  const isLarge = (tree.data?.nodes.length ?? 0) > LARGE;
  const refresh = useEffectEvent(() => void client.invalidateQueries({ queryKey: options.queryKey }));
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
      client.setQueryData(options.queryKey, (data) => {
        const nodes = data && patchedAll(data.nodes, own);
        return data && nodes && nodes !== data.nodes ? { ...data, nodes } : data;
      });
      if (own.some(({ kind }) => kind === "created" || kind === "tree" || kind === "deleted")) {
        refresher.current?.call();
      }
    },
    () => refresher.current?.call(),
  );
  return { tree, canLoadMore: limit < TREE_MOST, loadMore: () => setLimit(TREE_MOST) };
}
