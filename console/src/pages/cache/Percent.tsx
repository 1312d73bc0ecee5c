import classes from "./Percent.module.css";

/** A share as a bar and its number. */
export function Percent({ percent }: { percent: number }) {
  return (
    <span className={classes.percent}>
      <span className={classes.track} role="img" aria-label={`${percent} percent`}>
        <span style={{ width: `${percent}%` }} data-whole={percent >= 100 || undefined} />
      </span>
      <span className={classes.number}>{percent}%</span>
    </span>
  );
}
