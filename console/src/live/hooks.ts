import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import type { TaskEvent } from "@/api/types";
import { readAgainAfterFirst } from "./firstRead";
import { type Connection, liveStream } from "./stream";
import { throttled } from "./throttle";

/** Hands over events while the component is shown. */
export function useEvents(onEvents: (events: TaskEvent[]) => void, onReset: () => void): void {
  const tellEvents = useEffectEvent(onEvents);
  const tellReset = useEffectEvent(onReset);
  useEffect(() => liveStream.listen({ onEvents: (events) => tellEvents(events), onReset: () => tellReset() }), []);
}

/** Sees to it that what is shown first of the queries below `queryKey` is not older than what was heard meanwhile. */
export function useFreshFirstRead(queryKey: QueryKey): void {
  const client = useQueryClient();
  const hash = JSON.stringify(queryKey);
  useEffect(() => {
    let isReading = false;
    const readAgain = async () => {
      if (!isReading) {
        isReading = true;
        await readAgainAfterFirst(client, JSON.parse(hash) as QueryKey);
        isReading = false;
      }
    };
    return liveStream.listen({ onEvents: () => void readAgain(), onReset: () => void readAgain() });
  }, [client, hash]);
}

/** Reads the queries below `queryKey` again when something happens that concerns them, at most every `intervalMs`. */
export function useRefreshOnEvents(
  queryKey: QueryKey,
  concerns: (event: TaskEvent) => boolean = () => true,
  intervalMs = 1_000,
): void {
  const client = useQueryClient();
  const isConcerned = useEffectEvent(concerns);
  useFreshFirstRead(queryKey);
  const hash = JSON.stringify(queryKey);
  useEffect(() => {
    const refresh = throttled(() => {
      void client.invalidateQueries({ queryKey: JSON.parse(hash) as QueryKey });
    }, intervalMs);
    const leave = liveStream.listen({
      onEvents(events) {
        if (events.some((event) => isConcerned(event))) {
          refresh.call();
        }
      },
      onReset: refresh.call,
    });
    return () => {
      leave();
      refresh.stop();
    };
  }, [client, hash, intervalMs]);
}

export function useConnection(): Connection {
  return useSyncExternalStore(liveStream.watch, liveStream.state);
}
