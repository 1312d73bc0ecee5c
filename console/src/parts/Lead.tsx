import type { ReactNode } from "react";
import classes from "./Lead.module.css";

/** A sentence below a page's title, for what the page cannot show. */
export function Lead({ children }: { children: ReactNode }) {
  return <p className={classes.lead}>{children}</p>;
}
