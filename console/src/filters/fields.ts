/** What a list can be filtered by. `name` is the parameter in the address and of `/v1`. */
export interface FilterField {
  name: string;
  description: string;
  /** Several values may be given, of which one has to fit. */
  isRepeated?: boolean;
  /** The value is `true` or absent. */
  isFlag?: boolean;
  /** What the value may be, where that is known. */
  values?: readonly string[];
  /** What a value looks like. */
  example?: string;
}

/** One condition as it is shown and typed: `state:failed`. */
export interface Condition {
  name: string;
  value: string;
}

/** The field that a text without a name means. */
export const TEXT_FIELD = "text";

/** The conditions that a search of an address holds, in the order of the fields. */
export function conditionsOf(fields: readonly FilterField[], search: Record<string, unknown>): Condition[] {
  return fields.flatMap(({ name }) => {
    const given = search[name];
    const values = Array.isArray(given) ? given : [given];
    return values
      .filter((value) => value !== undefined && value !== "" && value !== false)
      .map((value) => ({ name, value: String(value) }));
  });
}

/** The other way: what to put into the address. Members that no longer hold are undefined, to be taken out of it. */
export function searchOf(
  fields: readonly FilterField[],
  conditions: readonly Condition[],
): Record<string, string | string[] | undefined> {
  return Object.fromEntries(
    fields.map(({ name, isRepeated }) => {
      const values = conditions.filter((condition) => condition.name === name).map((condition) => condition.value);
      return [name, values.length === 0 ? undefined : isRepeated ? values : values.at(-1)];
    }),
  );
}

/** What was typed, as a condition: `name:value` where the name is a field's, else a text to look for. */
export function parseCondition(fields: readonly FilterField[], typed: string): Condition | undefined {
  const text = typed.trim();
  const colon = text.indexOf(":");
  const field = fields.find(({ name }) => name === text.slice(0, colon));
  if (colon > 0 && field) {
    const value = text.slice(colon + 1).trim();
    return value ? { name: field.name, value } : undefined;
  }
  if (fields.some(({ name, isFlag }) => name === text && isFlag)) {
    return { name: text, value: "true" };
  }
  const hasText = fields.some(({ name }) => name === TEXT_FIELD);
  return text && hasText ? { name: TEXT_FIELD, value: text } : undefined;
}

/** The conditions with one more; it takes the place of what it excludes. */
export function withCondition(
  fields: readonly FilterField[],
  conditions: readonly Condition[],
  added: Condition,
): Condition[] {
  const isRepeated = fields.find(({ name }) => name === added.name)?.isRepeated;
  const kept = conditions.filter(({ name, value }) => name !== added.name || (isRepeated && value !== added.value));
  return [...kept, added];
}

export interface Completion {
  /** What the box holds when it is chosen. */
  text: string;
  description: string;
  /** Whether that is a whole condition, not just the beginning of one. */
  isWhole: boolean;
}

const MOST = 12;

/** What could be meant by what has been typed so far. */
export function completions(fields: readonly FilterField[], typed: string): Completion[] {
  const text = typed.trimStart().toLowerCase();
  const colon = text.indexOf(":");
  if (colon > 0) {
    const field = fields.find(({ name }) => name === text.slice(0, colon));
    const start = text.slice(colon + 1).trim();
    const values = field?.values?.filter((value) => value.toLowerCase().includes(start)) ?? [];
    return values.slice(0, MOST).map((value) => ({ text: `${field?.name}:${value}`, description: "", isWhole: true }));
  }
  const named = fields
    .filter(({ name }) => name.startsWith(text))
    .map((field) => ({
      text: field.isFlag ? field.name : `${field.name}:`,
      description: field.example ? `${field.description}, as ${field.example}` : field.description,
      isWhole: field.isFlag === true,
    }));
  const values = text
    ? fields.flatMap((field) =>
        (field.values ?? [])
          .filter((value) => value.toLowerCase().includes(text))
          .map((value) => ({ text: `${field.name}:${value}`, description: field.description, isWhole: true })),
      )
    : [];
  return [...named, ...values].slice(0, text ? MOST : fields.length);
}
