import type { Schedule } from "@/api/types";
import { Instant } from "@/time/Instant";
import classes from "./NextTick.module.css";

/** When a schedule ticks next; or that it does not. */
export function NextTick({ schedule }: { schedule: Schedule }) {
  return schedule.active ? (
    <Instant at={schedule.next_at} missing="never again" />
  ) : (
    <span className={classes.off}>off</span>
  );
}
