export type Zone = "local" | "UTC";

const UNITS: readonly [seconds: number, word: string][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** `2 h 5 min`: the two largest units that matter; below a minute with tenths, below a second in ms. */
export function duration(ms: number): string {
  if (ms < 0) {
    return duration(0);
  }
  if (ms < 1_000) {
    return `${Math.round(ms)} ms`;
  }
  if (ms < 59_950) {
    return `${(ms / 1_000).toFixed(1)} s`;
  }
  let seconds = Math.round(ms / 1_000);
  const parts: string[] = [];
  for (const [size, word] of UNITS) {
    const count = Math.floor(seconds / size);
    if (count > 0) {
      parts.push(`${count} ${word}`);
      seconds -= count * size;
    } else if (parts.length > 0) {
      break;
    }
    if (parts.length === 2) {
      break;
    }
  }
  return parts.join(" ");
}

/** `20 ms`, `1.5 s`, `100 s`, `17 min`: one unit, for axes. */
export function shortDuration(seconds: number): string {
  if (seconds === 0) {
    return "0";
  }
  const [size, word] =
    seconds < 1 ? [0.001, "ms"] : seconds < 600 ? [1, "s"] : seconds < 36_000 ? [60, "min"] : [3_600, "h"];
  const count = seconds / size;
  return `${count < 10 && !Number.isInteger(count) ? count.toFixed(1) : Math.round(count)} ${word}`;
}

/** `5 min ago`, `in 2 h`, `just now`. */
export function relative(instantMs: number, nowMs: number): string {
  const seconds = Math.round(Math.abs(nowMs - instantMs) / 1_000);
  if (seconds < 2) {
    return "just now";
  }
  const [size, word] = UNITS.find(([size]) => seconds >= size) ?? [1, "s"];
  return instantMs > nowMs ? `in ${Math.round(seconds / size)} ${word}` : `${Math.floor(seconds / size)} ${word} ago`;
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

function format(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${JSON.stringify(options)}`;
  let found = FORMATS.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat("sv-SE", { ...options, timeZone: zone === "UTC" ? "UTC" : undefined });
    FORMATS.set(key, found);
  }
  return found;
}

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const DAY: Intl.DateTimeFormatOptions = { year: "numeric", month: "2-digit", day: "2-digit" };

/** `2030-01-31 14:05:09`, as clocks in the zone show it. */
export function absolute(instantMs: number, zone: Zone): string {
  return format(zone, { ...DAY, ...CLOCK }).format(instantMs);
}

/** `14:05:09`, with milliseconds when they matter. */
export function clock(instantMs: number, zone: Zone, withMs = false): string {
  const text = format(zone, CLOCK).format(instantMs);
  return withMs ? `${text}.${String(Math.floor(instantMs) % 1_000).padStart(3, "0")}` : text;
}

/** The name of the reader's own zone. */
export function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
