import { Instant } from "@/time/Instant";
import { useNow } from "@/time/now";
import classes from "./Expiry.module.css";

const SOON_MS = 7 * 86_400_000;

/** When a credential ends: never, some day, soon, or already. */
export function Expiry({ at }: { at: string | null }) {
  const now = useNow();
  if (at === null) {
    return <span className={classes.never}>never</span>;
  }
  const left = Date.parse(at) - now;
  return (
    <span className={classes.expiry} data-standing={left <= 0 ? "over" : left < SOON_MS ? "soon" : undefined}>
      <Instant at={at} />
    </span>
  );
}
