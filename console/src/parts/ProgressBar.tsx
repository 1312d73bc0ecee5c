import type { Progress, State } from "@/api/types";
import { FINAL, stateColor } from "@/states/states";
import { quantity } from "./numbers";
import classes from "./ProgressBar.module.css";

/** How far a task is: a bar where the end is known, else what has been done. Takes the same room either way. */
export function ProgressBar({ progress, state }: { progress: Progress; state: State }) {
  const { done = 0, total, unit = "" } = progress;
  if (total === null || total === undefined || total <= 0) {
    return <span className={classes.open}>{done > 0 ? quantity(done, unit) : FINAL.has(state) ? "" : "–"}</span>;
  }
  const share = Math.min(Math.max(done / total, 0), 1);
  const percent = Math.floor(share * 100);
  const words = `${quantity(done, unit)} of ${quantity(total, unit)}`;
  return (
    <span className={classes.progress} title={words}>
      <span
        className={classes.track}
        role="progressbar"
        aria-label="Progress"
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={words}
      >
        <span className={classes.done} style={{ width: `${share * 100}%`, background: stateColor(state) }} />
      </span>
      <span className={classes.percent}>{percent}%</span>
    </span>
  );
}
