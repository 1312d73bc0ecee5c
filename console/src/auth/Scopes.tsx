import classes from "./Scopes.module.css";

/** What a credential may do; admin stands out. */
export function Scopes({ scopes }: { scopes: readonly string[] }) {
  return (
    <span className={classes.scopes}>
      {scopes.map((scope) => (
        <span key={scope} className={classes.scope} data-admin={scope === "admin" || undefined}>
          {scope}
        </span>
      ))}
    </span>
  );
}
