import type { State } from "@/api/types";
import classes from "./StateBadge.module.css";
import { StateIcon } from "./StateIcon";
import { stateColor } from "./states";

/** A state as a sign and its word. */
export function StateBadge({ state }: { state: State }) {
  return (
    <span className={classes.badge} style={{ color: stateColor(state) }}>
      <StateIcon state={state} />
      {state}
    </span>
  );
}
