import { useSyncExternalStore } from "react";

const TICK_MS = 1_000;
const watchers = new Set<() => void>();
let timer: number | undefined;
let now = Date.now();

function watch(onTick: () => void): () => void {
  watchers.add(onTick);
  if (timer === undefined) {
    now = Date.now();
    timer = window.setInterval(() => {
      now = Date.now();
      for (const watcher of watchers) {
        watcher();
      }
    }, TICK_MS);
  }
  return () => {
    watchers.delete(onTick);
    if (watchers.size === 0) {
      window.clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The present instant in ms, renewed every second for everything on the page at once. */
export function useNow(): number {
  return useSyncExternalStore(watch, () => now);
}
