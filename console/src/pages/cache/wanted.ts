import { textOf } from "@/app/search";

/** The ways to name content, and the members that go with each. */
export const WAYS = {
  url: "URL",
  task_id: "Task id",
  content: "Content",
} as const;
export type Way = keyof typeof WAYS;

/** What the address of a search says. `task` is the search that was made of it. */
export interface WantedSearch {
  by?: Way;
  url?: string;
  task_id?: string;
  content?: string;
  tag?: string;
  application?: string;
  revision?: string;
  piece_length?: string;
  filtered?: string;
  task?: string;
}

const TEXTS = [
  "url",
  "task_id",
  "content",
  "tag",
  "application",
  "revision",
  "piece_length",
  "filtered",
  "task",
] as const;

export function parseWanted(search: Record<string, unknown>): WantedSearch {
  const by = textOf(search, "by");
  return {
    by: (Object.keys(WAYS) as Way[]).find((way) => way === by),
    ...Object.fromEntries(TEXTS.map((name) => [name, textOf(search, name)])),
  };
}

/** `what` of a search or a deletion, from what was entered. */
export function whatOf(wanted: WantedSearch): Record<string, unknown> {
  const way = wanted.by ?? "url";
  if (way !== "url") {
    return { [way]: wanted[way] ?? "" };
  }
  const what: Record<string, unknown> = { url: wanted.url ?? "" };
  for (const name of ["tag", "application", "revision"] as const) {
    if (wanted[name]) {
      what[name] = wanted[name];
    }
  }
  if (wanted.piece_length) {
    what.piece_length = Number(wanted.piece_length);
  }
  if (wanted.filtered) {
    what.filtered_query_params = namesIn(wanted.filtered);
  }
  return what;
}

/** `a, b & c` as names; Dragonfly's own tools divide them by `&`. */
export function namesIn(text: string): string[] {
  return text
    .split(/[,&\s]+/)
    .map((name) => name.trim())
    .filter(Boolean);
}

/** What a task of the module was about, in a few words. */
export function subjectOf(args: unknown): string {
  const { what, image } = (args ?? {}) as { what?: Record<string, unknown>; image?: Record<string, unknown> };
  // The server fills in what was left out, by empty texts.
  const named = image?.url || what?.url || what?.task_id || what?.content || what?.urls;
  return Array.isArray(named) ? named.join(", ") : String(named ?? "");
}
