/** What the operations of the module do, in a word. */
export const DOES: Record<string, string> = {
  "cache.delete": "Delete",
  "cache.delete-image": "Delete image",
  "cache.preheat": "Preheat",
  "cache.search": "Search",
  "cache.image": "Image search",
  "cache.list": "List",
  "cache.clusters": "Clusters",
};

/** Whether an execution deletes. */
export function deletes(operation: string): boolean {
  return operation === "cache.delete" || operation === "cache.delete-image";
}
