import type { paths } from "@/api/schema";
import { textOf, textsOf } from "@/app/search";
import type { FilterField } from "@/filters/fields";
import { STATES } from "@/states/states";

type ListQuery = NonNullable<paths["/v1/tasks"]["get"]["parameters"]["query"]>;

/** What the address of the list says; the names are those of `/v1`. */
export type TaskSearch = Omit<ListQuery, "after" | "limit">;

export const SORTS = ["-created", "created", "-started", "started", "-finished", "finished"] as const;

const INSTANT = "2030-01-31T09:30:00Z";

/** What tasks can be filtered by, as `GET /v1/tasks` has it. */
export const TASK_FIELDS: readonly FilterField[] = [
  { name: "state", description: "In this state; several may be given", isRepeated: true, values: STATES },
  { name: "text", description: "With this text in name, operation, labels or arguments" },
  { name: "operation", description: "Of this operation" },
  { name: "module", description: "Of this module" },
  { name: "queue", description: "In this queue" },
  { name: "pool", description: "In this pool" },
  { name: "worker", description: "Run by this worker" },
  { name: "label", description: "With this label", isRepeated: true, example: "label:team:storage" },
  { name: "resource", description: "That lock this resource" },
  { name: "client", description: "Of this client" },
  { name: "parent", description: "Children of this task, by number or id" },
  { name: "root", description: "In the tree of this root, by number or id" },
  { name: "correlation_id", description: "With this correlation id" },
  { name: "created_since", description: "Created then or later", example: INSTANT },
  { name: "created_before", description: "Created earlier", example: INSTANT },
  { name: "started_since", description: "Started then or later", example: INSTANT },
  { name: "started_before", description: "Started earlier", example: INSTANT },
  { name: "finished_since", description: "Finished then or later", example: INSTANT },
  { name: "finished_before", description: "Finished earlier", example: INSTANT },
  { name: "roots", description: "Roots only, without children", isFlag: true },
  { name: "internal", description: "Internal tasks and steps too", isFlag: true },
];

/** The search of an address, with what is unknown left out. */
export function parseTaskSearch(search: Record<string, unknown>): TaskSearch {
  const found: Record<string, unknown> = {};
  for (const field of TASK_FIELDS) {
    if (field.isRepeated) {
      const values = textsOf(search, field.name);
      found[field.name] = values.length > 0 ? values : undefined;
    } else {
      const value = textOf(search, field.name);
      found[field.name] = field.isFlag ? value === "true" || undefined : value;
    }
  }
  const sort = textOf(search, "sort");
  found.sort = SORTS.find((known) => known === sort);
  return found as TaskSearch;
}
