import {
  Autocomplete,
  Checkbox,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { fieldErrors, useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Operation, Schedule } from "@/api/types";
import { SchemaForm } from "@/forms/SchemaForm";
import { type ArgumentsForm, errorsBelow, useArguments } from "@/forms/useArguments";
import { operationsQuery } from "@/pages/operations/queries";
import { FormDialog } from "@/parts/FormDialog";
import { Loading } from "@/parts/PageStates";
import { SCHEDULES } from "./queries";
import { Ticks } from "./Ticks";

const UNITS = { seconds: 1, minutes: 60, hours: 3_600, days: 86_400 };
type Unit = keyof typeof UNITS;

/** Makes a schedule, or changes one; says in words when it would tick. */
export function ScheduleForm({ schedule, onClose }: { schedule?: Schedule; onClose: () => void }) {
  const operations = useQuery(operationsQuery);
  const [chosen, setChosen] = useState(schedule?.operation ?? "");
  const operation = operations.data?.find(({ name }) => name === chosen);
  if (!operations.data) {
    return <Loading />;
  }
  return (
    <Filled
      // Another operation takes other arguments.
      key={operation?.name ?? ""}
      schedule={schedule}
      operations={operations.data}
      operation={operation}
      onChoose={setChosen}
      onClose={onClose}
    />
  );
}

interface FilledProps {
  schedule?: Schedule;
  operations: Operation[];
  operation: Operation | undefined;
  onChoose: (name: string) => void;
  onClose: () => void;
}

const NO_OPERATION = { name: "", schema: {} } as Operation;

function Filled({ schedule, operations, operation, onChoose, onClose }: FilledProps) {
  const form = useArguments(
    operation ?? NO_OPERATION,
    schedule?.operation === operation?.name ? schedule?.args : undefined,
  );
  const [name, setName] = useState(schedule?.name ?? "");
  const [description, setDescription] = useState(schedule?.description ?? "");
  const [when, setWhen] = useState(() => whenOf(schedule));
  const [queue, setQueue] = useState(schedule?.queue ?? "");
  const [priority, setPriority] = useState<number | string>(schedule?.priority ?? "");
  const [isActive, setActive] = useState(schedule?.active ?? true);
  const save = useChange(
    (args: Record<string, unknown>) =>
      body(
        api.PUT("/v1/schedules/{name}", {
          params: { path: { name } },
          body: {
            operation: operation?.name ?? "",
            args,
            ...recurrenceOf(when),
            description,
            queue: queue || null,
            priority: priority === "" ? null : Number(priority),
            labels: schedule?.labels ?? {},
            active: isActive,
          },
        }),
      ),
    {
      done: (_, saved) => `${saved.name} is saved: ${saved.in_words}`,
      refresh: SCHEDULES,
      onDone: onClose,
    },
  );
  const errors = fieldErrors(save.error);
  return (
    <FormDialog
      title={schedule ? `Schedule ${schedule.name}` : "New schedule"}
      action="Save"
      size="lg"
      isBusy={save.isPending}
      error={save.error}
      onSubmit={() => submitted(form, save.mutate)}
      onClose={onClose}
    >
      <Group grow align="start">
        <TextInput
          label="Name"
          required
          disabled={schedule !== undefined}
          value={name}
          error={errors.name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label="Operation"
          required
          searchable
          allowDeselect={false}
          data={operations.map((one) => one.name)}
          value={operation?.name ?? null}
          error={errors.operation}
          onChange={(value) => onChoose(value ?? "")}
        />
      </Group>
      <TextInput
        label="Description"
        value={description}
        error={errors.description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <WhenInput when={when} onChange={setWhen} errors={errors} />
      {operation && form.fields.length > 0 && (
        <Stack gap="xs">
          <Text size="sm" fw={600}>
            Arguments
          </Text>
          <SchemaForm
            fields={form.fields}
            entries={form.entries}
            onChange={form.setEntries}
            errors={{ ...errorsBelow("args", errors), ...form.errors }}
          />
        </Stack>
      )}
      <Group grow align="start">
        <TextInput
          label="Queue"
          placeholder="as its operation says"
          value={queue}
          error={errors.queue}
          onChange={(event) => setQueue(event.currentTarget.value)}
        />
        <NumberInput
          label="Priority"
          placeholder="as its operation says"
          min={1}
          max={10}
          allowDecimal={false}
          value={priority}
          error={errors.priority}
          onChange={setPriority}
        />
      </Group>
      <Checkbox label="It ticks" checked={isActive} onChange={(event) => setActive(event.currentTarget.checked)} />
    </FormDialog>
  );
}

function submitted(form: ArgumentsForm, save: (args: Record<string, unknown>) => void): void {
  const args = form.read();
  if (args) {
    save(args);
  }
}

interface When {
  way: "every" | "cron";
  count: number | string;
  unit: Unit;
  cron: string;
  timezone: string;
}

function whenOf(schedule: Schedule | undefined): When {
  const seconds = schedule?.every_seconds ?? 3_600;
  const unit = (Object.keys(UNITS) as Unit[]).findLast((one) => seconds % UNITS[one] === 0) ?? "seconds";
  return {
    way: schedule && schedule.cron !== null ? "cron" : "every",
    count: seconds / UNITS[unit],
    unit,
    cron: schedule?.cron ?? "0 4 * * *",
    timezone: schedule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

function recurrenceOf(when: When) {
  return when.way === "cron"
    ? { cron: when.cron, timezone: when.timezone }
    : { every_seconds: Number(when.count) * UNITS[when.unit], timezone: "UTC" };
}

interface WhenInputProps {
  when: When;
  onChange: (when: When) => void;
  errors: Record<string, string>;
}

/** An interval or a cron expression, and what it means. */
function WhenInput({ when, onChange, errors }: WhenInputProps) {
  const [settled] = useDebouncedValue(JSON.stringify(recurrenceOf(when)), 250);
  const preview = useQuery({
    queryKey: ["schedule-preview", settled],
    queryFn: ({ signal }) => body(api.POST("/v1/schedules:preview", { body: JSON.parse(settled), signal })),
    placeholderData: (known) => known,
  });
  const wrong = fieldErrors(preview.error);
  return (
    <Stack gap="xs">
      <SegmentedControl
        aria-label="When"
        value={when.way}
        onChange={(way) => onChange({ ...when, way: way as When["way"] })}
        data={[
          { value: "every", label: "At an interval" },
          { value: "cron", label: "By the clock" },
        ]}
      />
      {when.way === "every" ? (
        <Group grow align="start">
          <NumberInput
            label="Every"
            required
            min={1}
            value={when.count}
            error={wrong.every_seconds ?? errors.every_seconds}
            onChange={(count) => onChange({ ...when, count })}
          />
          <Select
            label="Unit"
            allowDeselect={false}
            data={Object.keys(UNITS)}
            value={when.unit}
            onChange={(unit) => onChange({ ...when, unit: (unit ?? "hours") as Unit })}
          />
        </Group>
      ) : (
        <Group grow align="start">
          <TextInput
            label="Cron expression"
            description="minute, hour, day of month, month, day of week"
            inputWrapperOrder={["label", "input", "description", "error"]}
            required
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
            value={when.cron}
            error={wrong.cron ?? errors.cron}
            onChange={(event) => onChange({ ...when, cron: event.currentTarget.value })}
          />
          <Autocomplete
            label="Time zone"
            required
            data={Intl.supportedValuesOf("timeZone")}
            limit={20}
            value={when.timezone}
            error={wrong.timezone ?? errors.timezone}
            onChange={(timezone) => onChange({ ...when, timezone })}
          />
        </Group>
      )}
      {preview.data && !preview.isError && (
        <div aria-live="polite">
          <Text size="sm" fw={600}>
            {preview.data.in_words}
          </Text>
          <Ticks ticks={preview.data.next_ticks} />
        </div>
      )}
    </Stack>
  );
}
