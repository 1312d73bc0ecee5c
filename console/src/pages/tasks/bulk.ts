import { api, body } from "@/api/client";
import type { BulkPreview } from "@/api/types";
import type { Verb } from "@/steering/actions";
import type { TaskSearch } from "./search";

/** What a bulk action is meant for: some tasks, or all that a filter lets through. */
export type BulkTarget = { ids: string[] } | { filter: TaskSearch };

export interface BulkResult {
  changed: number;
  refused: { id: string; detail: string }[];
}

const PIECE = 200;
const IDS_AT_ONCE = 500;

function withoutSort({ sort: _, ...filter }: TaskSearch): Omit<TaskSearch, "sort"> {
  return filter;
}

/** What it would reach. */
export async function previewBulk(action: Verb, target: BulkTarget): Promise<BulkPreview> {
  if (!("ids" in target)) {
    return body(api.POST("/v1/tasks:preview", { body: { action, filter: withoutSort(target.filter) } }));
  }
  const previews = await Promise.all(
    pieces(target.ids).map((ids) => body(api.POST("/v1/tasks:preview", { body: { action, ids } }))),
  );
  const [first] = previews;
  if (!first) {
    throw new Error("nothing is selected");
  }
  return { ...first, count: previews.reduce((sum, { count }) => sum + count, 0) };
}

function pieces(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / IDS_AT_ONCE) }, (_, index) =>
    ids.slice(index * IDS_AT_ONCE, (index + 1) * IDS_AT_ONCE),
  );
}

/**
 * Does it piece by piece, and tells after each how far it is. `at` is when the preview was made: tasks created since
 * are not reached.
 */
export async function runBulk(
  action: Verb,
  target: BulkTarget,
  at: string,
  onProgress: (result: BulkResult) => void,
): Promise<BulkResult> {
  const result: BulkResult = { changed: 0, refused: [] };
  const note = (done: BulkResult) => {
    result.changed += done.changed;
    result.refused.push(...done.refused);
    onProgress({ ...result });
  };
  if ("ids" in target) {
    for (const ids of pieces(target.ids)) {
      note(await body(api.POST("/v1/tasks:bulk", { body: { action, ids } })));
    }
    return result;
  }
  const filter = withoutSort(target.filter);
  // Whichever bound is the earlier one.
  const created_before = filter.created_before && filter.created_before < at ? filter.created_before : at;
  let after: string | null | undefined;
  do {
    const done = await body(
      api.POST("/v1/tasks:bulk", {
        body: { action, filter: { ...filter, created_before, after: after ?? undefined, limit: PIECE } },
      }),
    );
    note(done);
    after = done.next;
  } while (after);
  return result;
}
