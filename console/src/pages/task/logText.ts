import type { LogLine } from "@/api/types";

export const SEVERITIES = ["debug", "info", "warning", "error", "fatal"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The lines that a reader wants: of a step, and with a text in them. */
export function wanted(lines: readonly LogLine[], step: string, text: string): readonly LogLine[] {
  const sought = text.trim().toLowerCase();
  if (!step && !sought) {
    return lines;
  }
  return lines.filter(
    (line) =>
      (!step || (line.step_id ?? line.task_id) === step) &&
      (!sought || `${line.message} ${fieldText(line)}`.toLowerCase().includes(sought)),
  );
}

/** `offset=48 file="a b"`. */
export function fieldText({ fields }: Pick<LogLine, "fields">): string {
  return Object.entries(fields)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === "string" && /\s/.test(value) ? JSON.stringify(value) : text(value)}`,
    )
    .join(" ");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A file of the lines, one each, as programs write them. */
export function logFile(lines: readonly LogLine[]): string {
  return lines
    .map((line) =>
      `${line.at} ${line.severity.padEnd(7)} [${line.source}] ${line.message} ${fieldText(line)}`.trimEnd(),
    )
    .join("\n")
    .concat("\n");
}
