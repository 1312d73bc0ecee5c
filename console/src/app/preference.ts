import { useSyncExternalStore } from "react";

const PREFIX = "taskward.";
const watchers = new Set<() => void>();
/** Parsed once, so that the same value stays the same object. */
const known = new Map<string, unknown>();

function watch(onChange: () => void): () => void {
  watchers.add(onChange);
  return () => watchers.delete(onChange);
}

function read<T>(name: string, otherwise: T): T {
  if (!known.has(name)) {
    known.set(name, stored(name) ?? otherwise);
  }
  return known.get(name) as T;
}

function stored(name: string): unknown {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What this browser's user has chosen; every component that shows it changes together. */
export function usePreference<T>(name: string, otherwise: T): [T, (value: T) => void] {
  const value = useSyncExternalStore(watch, () => read(name, otherwise));
  const set = (next: T) => {
    known.set(name, next);
    try {
      localStorage.setItem(PREFIX + name, JSON.stringify(next));
    } catch {
      // A browser that keeps nothing still shows the choice until the page is left.
    }
    for (const watcher of watchers) {
      watcher();
    }
  };
  return [value, set];
}
