import { absolute } from "@/time/format";
import { Instant } from "@/time/Instant";
import { useTimePreference } from "@/time/preference";
import classes from "./Ticks.module.css";

/** The next ticks, each by the clock and from now. */
export function Ticks({ ticks }: { ticks: readonly string[] }) {
  const [{ style, zone }] = useTimePreference();
  if (ticks.length === 0) {
    return null;
  }
  return (
    <ol className={classes.ticks} aria-label="Next ticks">
      {ticks.map((tick) => (
        <li key={tick}>
          {absolute(Date.parse(tick), zone)}
          {style === "relative" && (
            <span>
              <Instant at={tick} />
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}
