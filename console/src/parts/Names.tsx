import classes from "./Names.module.css";

/** Several names, each on a tag of its own. */
export function Names({ names }: { names: readonly string[] }) {
  return (
    <ul className={classes.names}>
      {names.map((name) => (
        <li key={name} className={classes.name}>
          {name}
        </li>
      ))}
    </ul>
  );
}
