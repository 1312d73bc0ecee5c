/** A JSON Schema, as far as argument schemas of operations go. */
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  format?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  items?: Schema | boolean;
  properties?: Record<string, Schema>;
  required?: string[];
  $ref?: string;
  $defs?: Record<string, Schema>;
}

type Kind = "text" | "number" | "flag" | "choice" | "list" | "json";

/** One argument, as a form asks for it. */
export interface Field {
  name: string;
  kind: Kind;
  isRequired: boolean;
  description: string;
  /** Of a choice: what there is to choose. */
  choices: string[];
  /** Of a number: whether it is a whole one. */
  isWhole: boolean;
  isSecret: boolean;
  /** What it is when nothing is entered, as the form would hold it. */
  initial: Entry;
  schema: Schema;
}

/** What a form holds of one argument: the text typed, or whether it is ticked. */
export type Entry = string | boolean;
export type Entries = Record<string, Entry>;

const SECRET = /pass(word|phrase)?$|secret|token|api_?key|private_?key/i;
const MOST_CHOICES = 50;

/** The arguments that a schema has, in its order. */
export function fieldsOf(root: Schema): Field[] {
  const required = new Set(root.required);
  return Object.entries(root.properties ?? {}).map(([name, given]) => {
    const schema = resolved(given, root);
    const choices = choicesOf(schema);
    const kind = kindOf(schema, choices);
    return {
      name,
      kind,
      isRequired: required.has(name),
      description: given.description ?? schema.description ?? "",
      choices,
      isWhole: schema.type === "integer",
      isSecret: kind === "text" && SECRET.test(name),
      initial: entryOf(kind, given.default ?? schema.default),
      schema,
    };
  });
}

/** What a form holds before anything is entered. */
export function initialEntries(fields: readonly Field[]): Entries {
  return Object.fromEntries(fields.map((field) => [field.name, field.initial]));
}

/** What a form holds for arguments that are known, such as those of a schedule. */
export function entriesOf(fields: readonly Field[], args: Record<string, unknown>): Entries {
  return Object.fromEntries(
    fields.map((field) => [field.name, field.name in args ? entryOf(field.kind, args[field.name]) : field.initial]),
  );
}

/** An entry that is not what its field asks for. */
export class EntryError extends Error {
  constructor(
    readonly field: string,
    problem: string,
  ) {
    super(problem);
  }
}

/** The arguments that a form's entries are. What is empty and not required is left out. Throws `EntryError`. */
export function argsOf(fields: readonly Field[], entries: Entries): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  for (const field of fields) {
    const entry = entries[field.name] ?? field.initial;
    const isEmpty = typeof entry === "string" && entry.trim() === "";
    if (isEmpty && (!field.isRequired || field.kind !== "text")) {
      continue;
    }
    args[field.name] = entered(field, entry);
  }
  return args;
}

function entered(field: Field, entry: Entry): unknown {
  if (typeof entry === "boolean") {
    return entry;
  }
  switch (field.kind) {
    case "number": {
      const value = Number(entry);
      if (Number.isNaN(value)) {
        throw new EntryError(field.name, "is not a number");
      }
      return value;
    }
    case "choice":
      return field.schema.enum?.find((choice) => String(choice) === entry) ?? entry;
    case "list": {
      const lines = entry
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean);
      const items = typeof field.schema.items === "object" ? field.schema.items : {};
      return items.type === "integer" || items.type === "number" ? lines.map(Number) : lines;
    }
    case "json":
      try {
        return JSON.parse(entry);
      } catch {
        throw new EntryError(field.name, "is not JSON");
      }
    default:
      return entry;
  }
}

function entryOf(kind: Kind, value: unknown): Entry {
  if (kind === "flag") {
    return value === true;
  }
  if (value === undefined || value === null) {
    return "";
  }
  if (kind === "list" && Array.isArray(value)) {
    return value.join("\n");
  }
  return kind === "json" ? JSON.stringify(value, null, 2) : String(value);
}

/** The schema itself: references followed, and `null` beside one other choice taken away. */
function resolved(schema: Schema, root: Schema): Schema {
  if (schema.$ref) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
    return resolved(root.$defs?.[name] ?? {}, { ...root, $defs: root.$defs });
  }
  const others = schema.anyOf?.filter((choice) => choice.type !== "null");
  const [only] = others ?? [];
  if (others?.length === 1 && only) {
    return resolved({ ...only, default: schema.default, description: schema.description ?? only.description }, root);
  }
  if (typeof schema.items === "object") {
    return { ...schema, items: resolved(schema.items, root) };
  }
  return schema;
}

function choicesOf(schema: Schema): string[] {
  const choices = schema.enum ?? (schema.const === undefined ? [] : [schema.const]);
  return choices.length <= MOST_CHOICES ? choices.map(String) : [];
}

function kindOf(schema: Schema, choices: readonly string[]): Kind {
  if (choices.length > 0) {
    return "choice";
  }
  const type = typeof schema.type === "string" ? schema.type : undefined;
  if (type === "array") {
    const items = typeof schema.items === "object" ? schema.items : undefined;
    return items && ["string", "integer", "number"].includes(String(items.type)) ? "list" : "json";
  }
  const kinds: Record<string, Kind> = { string: "text", integer: "number", number: "number", boolean: "flag" };
  return (type && kinds[type]) || "json";
}
