import { useConnection } from "./hooks";

const POLL_MS = 5_000;

/** How often to read what no event tells of, such as heartbeats; never while live updates are paused. */
export function usePolling(): number | false {
  return useConnection() === "paused" ? false : POLL_MS;
}
