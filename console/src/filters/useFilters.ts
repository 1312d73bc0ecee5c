import { useNavigate, useSearch } from "@tanstack/react-router";
import { type Condition, conditionsOf, type FilterField, searchOf } from "./fields";

/** The conditions of the address of this page, and the way to change them: links and Back do what people expect. */
export function useFilters(fields: readonly FilterField[]): [Condition[], (conditions: Condition[]) => void] {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const set = (conditions: Condition[]) =>
    void navigate({ to: ".", search: { ...search, ...searchOf(fields, conditions) } as never });
  return [conditionsOf(fields, search), set];
}
