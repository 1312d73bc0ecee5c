import type { ReactNode } from "react";
import classes from "./Titled.module.css";

/** What a row is about: its name, and below it in small print what is to be said of it. */
export function Titled({ note, children }: { note: ReactNode; children: ReactNode }) {
  return (
    <div className={classes.titled}>
      {children}
      {note && <span>{note}</span>}
    </div>
  );
}
