import { textOf, textsOf } from "@/app/search";
import { type Condition, type FilterField, TEXT_FIELD } from "./fields";

/** A field of rows that are all loaded, so that the page itself finds those that fit. */
export interface LocalField<R> extends FilterField {
  /** What the row has of it; it fits when the wanted value is among them. */
  valuesOf?: (row: R) => readonly string[];
  /** Where a text is looked for. */
  textOf?: (row: R) => string;
}

/** Reads the fields of an address, with what is unknown left out. */
export function parseFilters(fields: readonly FilterField[]) {
  return (search: Record<string, unknown>): Record<string, string | string[] | undefined> =>
    Object.fromEntries(
      fields.map(({ name, isRepeated }) => {
        const values = textsOf(search, name);
        return [name, isRepeated ? (values.length > 0 ? values : undefined) : textOf(search, name)];
      }),
    );
}

/** The rows that fit every condition; of several for one field, any. */
export function fitting<R>(
  rows: readonly R[],
  fields: readonly LocalField<R>[],
  conditions: readonly Condition[],
): R[] {
  return rows.filter((row) =>
    fields.every((field) => {
      const wanted = conditions.filter(({ name }) => name === field.name).map(({ value }) => value);
      if (wanted.length === 0) {
        return true;
      }
      if (field.name === TEXT_FIELD) {
        const text = (field.textOf?.(row) ?? "").toLowerCase();
        return wanted.every((value) => text.includes(value.toLowerCase()));
      }
      return wanted.some((value) => field.valuesOf?.(row).includes(value));
    }),
  );
}
