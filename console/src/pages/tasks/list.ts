import type { InfiniteData } from "@tanstack/react-query";
import type { Task, TaskEvent } from "@/api/types";
import { patchedAll } from "@/live/patch";
import type { TaskSearch } from "./search";

export interface TaskPage {
  items: Task[];
  next?: string | null;
}

export type TaskPages = InfiniteData<TaskPage, string | undefined>;

/** The pages after the events: rows changed in place; without those that were removed or no longer fit the states. */
export function pagesAfter(data: TaskPages, events: readonly TaskEvent[], search: TaskSearch): TaskPages {
  const gone = new Set(events.filter(({ kind }) => kind === "deleted").map(({ task_id }) => task_id));
  const wanted = search.state && search.state.length > 0 ? new Set(search.state) : undefined;
  let isChanged = false;
  const pages = data.pages.map((page) => {
    const patched = patchedAll(page.items, events);
    const items =
      patched === page.items && gone.size === 0
        ? patched
        : patched.filter((task) => !gone.has(task.id) && !gone.has(task.root_id) && (wanted?.has(task.state) ?? true));
    if (items === page.items) {
      return page;
    }
    isChanged = true;
    return { ...page, items };
  });
  return isChanged ? { ...data, pages } : data;
}

/**
 * The pages with a newer first page merged in: what it shows first comes first, what was known is replaced.
 *
 * When nothing of the new page was known there is a gap between the two, so the list begins anew with it.
 */
export function pagesWithHead(data: TaskPages, head: TaskPage): TaskPages {
  const fresh = new Map(head.items.map((task) => [task.id, task]));
  const known = new Set(data.pages.flatMap((page) => page.items.map((task) => task.id)));
  const added = head.items.filter((task) => !known.has(task.id));
  const [first, ...rest] = data.pages;
  if (!first || added.length === head.items.length) {
    return { pages: [head], pageParams: [undefined] };
  }
  const refreshed = (page: TaskPage) => ({ ...page, items: page.items.map((task) => fresh.get(task.id) ?? task) });
  const top = refreshed(first);
  return { ...data, pages: [{ ...top, items: [...added, ...top.items] }, ...rest.map(refreshed)] };
}
