import classes from "./WorkerState.module.css";

/** What a worker is, as a dot and its word: told apart by colour and by text. */
export function WorkerState({ state }: { state: string }) {
  return (
    <span className={classes.state} data-state={state}>
      <span className={classes.dot} />
      {state}
    </span>
  );
}
