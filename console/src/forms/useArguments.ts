import { useState } from "react";
import type { Operation } from "@/api/types";
import {
  argsOf,
  type Entries,
  EntryError,
  entriesOf,
  type Field,
  fieldsOf,
  initialEntries,
  type Schema,
} from "./schema";

export interface ArgumentsForm {
  fields: Field[];
  entries: Entries;
  setEntries: (entries: Entries) => void;
  /** What the form itself finds wrong, by argument. */
  errors: Record<string, string>;
  /** The arguments as entered; undefined, with `errors` telling why, when some entry is not what it should be. */
  read: () => Record<string, unknown> | undefined;
}

/** The arguments of an operation while they are entered; `known` are those to begin with. */
export function useArguments(operation: Pick<Operation, "schema">, known?: Record<string, unknown>): ArgumentsForm {
  const fields = fieldsOf(operation.schema as Schema);
  const [entries, setEntries] = useState(() => (known ? entriesOf(fields, known) : initialEntries(fields)));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const read = () => {
    try {
      const args = argsOf(fields, entries);
      setErrors({});
      return args;
    } catch (error) {
      if (error instanceof EntryError) {
        setErrors({ [error.field]: error.message });
        return undefined;
      }
      throw error;
    }
  };
  return { fields, entries, setEntries, errors, read };
}

/** The errors of a refusal that are about what is below a member of its body, by the rest of their paths. */
export function errorsBelow(member: string, errors: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(errors)
      .filter(([path]) => path.startsWith(`${member}/`))
      .map(([path, problem]) => [path.slice(member.length + 1), problem]),
  );
}
