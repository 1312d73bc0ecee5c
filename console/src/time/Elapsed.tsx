import { duration } from "./format";
import { useNow } from "./now";

/** The time between two instants; up to now while there is no end. */
export function Elapsed({ from, to }: { from: string | null | undefined; to?: string | null }) {
  if (!from) {
    return <span>–</span>;
  }
  if (to) {
    return <span>{duration(Date.parse(to) - Date.parse(from))}</span>;
  }
  return <SinceThen fromMs={Date.parse(from)} />;
}

function SinceThen({ fromMs }: { fromMs: number }) {
  const ms = Math.max(useNow() - fromMs, 0);
  // Whole seconds: tenths that change once a second only look restless.
  return <span>{ms < 60_000 ? `${Math.floor(ms / 1_000)} s` : duration(ms)}</span>;
}
