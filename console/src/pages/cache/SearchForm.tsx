import { Alert, Button, Group, NumberInput, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { WAYS, type WantedSearch, type Way } from "./wanted";

interface SearchFormProps {
  wanted: WantedSearch;
  isBusy: boolean;
  error: Error | null;
  errors: Record<string, string>;
  onSearch: (wanted: WantedSearch) => void;
}

/** What to look for: a URL with what its downloader said beside it, an id, or a content. */
export function SearchForm({ wanted, isBusy, error, errors, onSearch }: SearchFormProps) {
  const [entered, setEntered] = useState<WantedSearch>({ ...wanted, task: undefined });
  const way = entered.by ?? "url";
  const set = (change: WantedSearch) => setEntered({ ...entered, ...change });
  const text = (name: Exclude<keyof WantedSearch, "by">, label: string, more: { description?: string } = {}) => (
    <TextInput
      label={label}
      {...more}
      inputWrapperOrder={["label", "input", "description", "error"]}
      value={entered[name] ?? ""}
      error={errors[`args/what/${name}`]}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
    />
  );
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    onSearch(entered);
  };
  return (
    <form onSubmit={onSubmit} aria-label="Search the caches">
      <Stack gap="sm">
        <SegmentedControl
          aria-label="Search by"
          value={way}
          onChange={(value) => set({ by: value as Way })}
          data={Object.entries(WAYS).map(([value, label]) => ({ value, label }))}
          style={{ alignSelf: "flex-start" }}
        />
        <TextInput
          key={way}
          label={WAYS[way]}
          placeholder={{ url: "https://example.org/file.bin", task_id: "", content: "" }[way]}
          required={way !== "content"}
          value={entered[way] ?? ""}
          error={errors["args/what"] ?? errors[`args/what/${way}`]}
          onChange={(event) => set({ [way]: event.currentTarget.value })}
        />
        {way === "url" && (
          <Group grow align="start" preventGrowOverflow={false}>
            {text("tag", "Tag")}
            {text("application", "Application")}
            <NumberInput
              label="Piece length"
              description="In bytes; empty where none was given"
              inputWrapperOrder={["label", "input", "description", "error"]}
              min={1}
              allowDecimal={false}
              value={entered.piece_length ?? ""}
              error={errors["args/what/piece_length"]}
              onChange={(value) => set({ piece_length: value === "" ? undefined : String(value) })}
            />
            {text("filtered", "Filtered parameters", {
              description: "Names divided by commas; empty: those that sign a URL",
            })}
          </Group>
        )}
        {error && !errors["args/what"] && (
          <Alert color="red" role="alert">
            {error.message}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={isBusy} leftSection={<IconSearch size={14} />}>
            Search
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
