import classes from "./Load.module.css";
import { count } from "./numbers";

/** How much of what fits is taken: a short bar and the two numbers. Takes the same room whatever they are. */
export function Load({ taken, most, label }: { taken: number; most: number; label: string }) {
  const share = most > 0 ? Math.min(taken / most, 1) : 0;
  return (
    <span className={classes.load}>
      <span className={classes.track} role="img" aria-label={`${label}: ${taken} of ${most}`}>
        <span className={classes.taken} style={{ width: `${share * 100}%` }} data-full={share >= 1 || undefined} />
      </span>
      <span className={classes.numbers}>
        {count(taken)} / {count(most)}
      </span>
    </span>
  );
}
