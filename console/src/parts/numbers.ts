const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const FINE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });
const SIZES = ["B", "kB", "MB", "GB", "TB", "PB"];

/** `12,345`. */
export function count(value: number): string {
  return WHOLE.format(value);
}

/** `1.2k`, `3.4M`: four characters at most, for axes. */
export function short(value: number): string {
  const size = value >= 1e9 ? 1e9 : value >= 1e6 ? 1e6 : value >= 1e3 ? 1e3 : 1;
  const scaled = value / size;
  const text = scaled >= 100 || Number.isInteger(scaled) ? scaled.toFixed(0) : scaled.toFixed(1);
  return `${text}${{ 1: "", 1e3: "k", 1e6: "M", 1e9: "G" }[size]}`;
}

/** `76.4 MB`, for bytes as people read them. */
export function bytes(value: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), SIZES.length - 1);
  const scaled = value / 1_000 ** power;
  return `${power > 0 && scaled < 100 ? scaled.toFixed(1) : scaled.toFixed(0)} ${SIZES[power]}`;
}

/** A quantity in a task's own unit: `12 files`, `76.4 MB`. */
export function quantity(value: number, unit: string): string {
  if (unit === "bytes") {
    return bytes(value);
  }
  return unit ? `${FINE.format(value)} ${unit}` : FINE.format(value);
}
