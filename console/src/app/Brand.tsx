import classes from "./Brand.module.css";

/** The name and the sign of the product. */
export function Brand() {
  return (
    <span className={classes.brand}>
      <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="#4263eb" />
        <path d="M9 10h14M9 16h9M9 22h5" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
        <circle cx="22" cy="21" r="3.5" fill="#8ce99a" />
      </svg>
      Taskward
    </span>
  );
}
