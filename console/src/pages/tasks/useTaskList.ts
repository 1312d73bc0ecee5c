import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useEvents, useFreshFirstRead } from "@/live/hooks";
import { throttled } from "@/live/throttle";
import { pagesAfter, pagesWithHead, type TaskPages } from "./list";
import { fetchHead, taskListQuery } from "./queries";
import type { TaskSearch } from "./search";

const REFRESH_MS = 1_000;

/**
 * The list of tasks, live: rows change in place, and new ones come on top while the top is in sight. Otherwise they are
 * only counted, so that nothing moves under the reader's eyes.
 */
export function useTaskList(search: TaskSearch) {
  const client = useQueryClient();
  const options = taskListQuery(search);
  const list = useInfiniteQuery(options);
  useFreshFirstRead(options.queryKey);
  const [isAtTop, setAtTop] = useState(true);
  const [newer, setNewer] = useState(0);
  const isNewestFirst = (search.sort ?? "-created") === "-created";

  const refresh = useEffectEvent(async () => {
    if (!isNewestFirst) {
      await client.invalidateQueries({ queryKey: options.queryKey });
      return;
    }
    try {
      const head = await fetchHead(search);
      client.setQueryData<TaskPages>(options.queryKey, (data) => data && pagesWithHead(data, head));
    } catch {
      // The list stays as it is; the stream's sign says that the server is away.
    }
  });
  const refresher = useRef<ReturnType<typeof throttled> | undefined>(undefined);
  useEffect(() => {
    const made = throttled(() => void refresh(), REFRESH_MS);
    refresher.current = made;
    return made.stop;
  }, []);

  useEvents(
    (events) => {
      client.setQueryData<TaskPages>(options.queryKey, (data) => data && pagesAfter(data, events, search));
      const created = events.filter(({ kind }) => kind === "created").length;
      const hasMoved = search.state !== undefined && events.some(({ kind }) => kind === "state");
      if (created === 0 && !hasMoved) {
        return;
      }
      if (isAtTop) {
        refresher.current?.call();
      } else {
        setNewer((count) => count + created);
      }
    },
    () => refresher.current?.call(),
  );

  const onTop = (isTop: boolean) => {
    setAtTop(isTop);
    if (isTop && newer > 0) {
      setNewer(0);
      refresher.current?.call();
    }
  };
  return { list, newer, onTop };
}
