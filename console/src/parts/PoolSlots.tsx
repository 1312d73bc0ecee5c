import type { Pool } from "@/api/types";
import classes from "./PoolSlots.module.css";

/** More slots than this are drawn as one bar. */
const DRAWN_SINGLY = 40;

interface PoolSlotsProps {
  pool: Pick<Pool, "limit" | "reserved" | "threshold" | "running" | "running_ordinary">;
}

/**
 * The slots of a pool: taken or free, those reserved for urgent tasks at the right behind a line.
 *
 * Ordinary tasks fill the slots from the left and never the reserved ones; urgent tasks take any, the reserved ones
 * first as drawn here.
 */
export function PoolSlots({ pool }: PoolSlotsProps) {
  const open = Math.max(pool.limit - pool.reserved, 0);
  const urgent = pool.running - pool.running_ordinary;
  const takenReserved = Math.min(urgent, pool.reserved);
  const takenOpen = pool.running - takenReserved;
  const words = `${pool.running} of ${pool.limit} slots taken; ${pool.reserved} reserved for priority ${pool.threshold} and more urgent, of which ${takenReserved} taken`;
  if (pool.limit > DRAWN_SINGLY) {
    return (
      <span className={classes.bars} role="img" aria-label={words} title={words}>
        <Bar size={open} taken={takenOpen} />
        {pool.reserved > 0 && <Bar size={pool.reserved} taken={takenReserved} isReserved />}
      </span>
    );
  }
  return (
    <span className={classes.slots} role="img" aria-label={words} title={words}>
      {Array.from({ length: pool.limit }, (_, index) => {
        const isReserved = index >= open;
        const isTaken = isReserved ? index - open < takenReserved : index < takenOpen;
        // biome-ignore lint/suspicious/noArrayIndexKey: a slot is its place
        return <span key={index} data-taken={isTaken || undefined} data-reserved={isReserved || undefined} />;
      })}
    </span>
  );
}

function Bar({ size, taken, isReserved = false }: { size: number; taken: number; isReserved?: boolean }) {
  return (
    <span className={classes.bar} data-reserved={isReserved || undefined} style={{ flexGrow: size }}>
      <span style={{ width: `${Math.min(taken / Math.max(size, 1), 1) * 100}%` }} />
    </span>
  );
}
