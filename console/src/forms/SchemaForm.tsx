import { Checkbox, NumberInput, PasswordInput, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import type { Entries, Entry, Field } from "./schema";

const MONOSPACE = { input: { fontFamily: "var(--mantine-font-family-monospace)" } };

interface SchemaFormProps {
  fields: readonly Field[];
  entries: Entries;
  onChange: (entries: Entries) => void;
  /** What is wrong, by the name of the argument. */
  errors: Record<string, string>;
}

/** One input for each argument of an operation, made from their schema. */
export function SchemaForm({ fields, entries, onChange, errors }: SchemaFormProps) {
  if (fields.length === 0) {
    return (
      <Text size="sm" c="var(--faint)">
        It takes no arguments.
      </Text>
    );
  }
  return (
    <Stack gap="sm">
      {fields.map((field) => (
        <Input
          key={field.name}
          field={field}
          entry={entries[field.name] ?? field.initial}
          error={errorOf(errors, field.name)}
          onChange={(entry) => onChange({ ...entries, [field.name]: entry })}
        />
      ))}
    </Stack>
  );
}

/** What is wrong with an argument, or with something inside it. */
function errorOf(errors: Record<string, string>, name: string): string | undefined {
  const [path, problem] = Object.entries(errors).find(([path]) => path === name || path.startsWith(`${name}/`)) ?? [];
  return path === undefined || path === name ? problem : `${path.slice(name.length + 1)}: ${problem}`;
}

interface InputProps {
  field: Field;
  entry: Entry;
  error: string | undefined;
  onChange: (entry: Entry) => void;
}

function Input({ field, entry, error, onChange }: InputProps) {
  const told = {
    label: field.name,
    description: field.description || undefined,
    error,
    // A list or an object may be empty; its absence is told by the server.
    required: field.isRequired && field.kind !== "flag",
  };
  const text = String(entry);
  switch (field.kind) {
    case "flag":
      return (
        <Checkbox
          label={field.name}
          description={told.description}
          error={error}
          checked={entry === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "choice":
      return (
        <Select
          {...told}
          data={field.choices}
          value={text || null}
          clearable={!field.isRequired && field.initial === ""}
          allowDeselect={false}
          onChange={(value) => onChange(value ?? "")}
        />
      );
    case "number":
      return (
        <NumberInput
          {...told}
          min={field.schema.minimum}
          max={field.schema.maximum}
          allowDecimal={!field.isWhole}
          value={text}
          onChange={(value) => onChange(String(value))}
        />
      );
    case "list":
      return (
        <Textarea
          {...told}
          description={[field.description, "One on each line"].filter(Boolean).join(". ")}
          autosize
          minRows={2}
          maxRows={10}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case "json":
      return (
        <Textarea
          {...told}
          description={[field.description, "As JSON"].filter(Boolean).join(". ")}
          autosize
          minRows={3}
          maxRows={16}
          styles={MONOSPACE}
          spellCheck={false}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    default:
      return field.isSecret ? (
        <PasswordInput
          {...told}
          autoComplete="off"
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      ) : (
        <TextInput {...told} value={text} onChange={(event) => onChange(event.currentTarget.value)} />
      );
  }
}
