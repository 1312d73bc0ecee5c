import { duration } from "@/time/format";

/** The value of a setting as people say it: settings are durations, kept in seconds. */
export function valueInWords(value: string): string {
  const seconds = Number(value);
  if (value === "" || Number.isNaN(seconds)) {
    return value;
  }
  if (seconds === 0) {
    return "at once";
  }
  return seconds < 60 ? `${seconds} s` : duration(seconds * 1_000);
}
