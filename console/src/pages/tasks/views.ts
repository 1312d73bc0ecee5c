import { usePreference } from "@/app/preference";
import type { TaskSearch } from "./search";

/** A search that somebody gave a name. */
export interface SavedView {
  name: string;
  search: TaskSearch;
}

/** Views that everybody has. */
export const COMMON_VIEWS: SavedView[] = [
  { name: "Everything", search: {} },
  { name: "Running", search: { state: ["running", "canceling"] } },
  { name: "Waiting", search: { state: ["scheduled", "blocked", "queued", "paused"] } },
  { name: "Failed", search: { state: ["failed"] } },
  { name: "Roots", search: { roots: true } },
];

export function useSavedViews() {
  const [views, setViews] = usePreference<SavedView[]>("tasks.views", []);
  return {
    views,
    save: (view: SavedView) => setViews([...views.filter(({ name }) => name !== view.name), view]),
    remove: (name: string) => setViews(views.filter((view) => view.name !== name)),
  };
}
