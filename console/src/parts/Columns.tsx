import type { ReactNode } from "react";
import classes from "./Columns.module.css";

/** Something to fill in, and beside it what is to be known meanwhile; one below the other where there is little room. */
export function Columns({ first, children }: { first: ReactNode; children: ReactNode }) {
  return (
    <div className={classes.columns}>
      {first}
      <div className={classes.side}>{children}</div>
    </div>
  );
}
