import { NumberInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrors, useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Pool } from "@/api/types";
import { FormDialog } from "@/parts/FormDialog";
import { PoolSlots } from "@/parts/PoolSlots";
import { poolsQuery } from "./queries";

/** Makes a pool, or changes one. */
export function PoolForm({ pool, onClose }: { pool?: Pool; onClose: () => void }) {
  const [name, setName] = useState(pool?.name ?? "");
  const [limit, setLimit] = useState<number | string>(pool?.limit ?? 10);
  const [reserved, setReserved] = useState<number | string>(pool?.reserved ?? 0);
  const [threshold, setThreshold] = useState<number | string>(pool?.threshold ?? 3);
  const wanted = { limit: Number(limit), reserved: Number(reserved), threshold: Number(threshold) };
  const save = useChange(() => body(api.PUT("/v1/pools/{name}", { params: { path: { name } }, body: wanted })), {
    done: () => `Pool ${name} is saved`,
    refresh: poolsQuery.queryKey,
    onDone: onClose,
  });
  const errors = fieldErrors(save.error);
  return (
    <FormDialog
      title={pool ? `Pool ${pool.name}` : "New pool"}
      action="Save"
      isBusy={save.isPending}
      error={save.error}
      onSubmit={() => save.mutate(undefined)}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        required
        disabled={pool !== undefined}
        data-autofocus={pool === undefined || undefined}
        value={name}
        error={errors.name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <NumberInput
        label="Slots"
        description="How many roots run at once at most"
        required
        min={1}
        max={1_000_000}
        allowDecimal={false}
        data-autofocus={pool !== undefined || undefined}
        value={limit}
        error={errors.limit}
        onChange={setLimit}
      />
      <NumberInput
        label="Reserved"
        description="How many of them only urgent tasks may take"
        min={0}
        max={1_000_000}
        allowDecimal={false}
        value={reserved}
        error={errors.reserved}
        onChange={setReserved}
      />
      <NumberInput
        label="Urgent up to priority"
        description="Priority 1 is the first, 10 the last"
        min={1}
        max={10}
        allowDecimal={false}
        value={threshold}
        error={errors.threshold}
        onChange={setThreshold}
      />
      <PoolSlots
        pool={{
          ...wanted,
          reserved: Math.min(wanted.reserved, wanted.limit),
          running: pool?.running ?? 0,
          running_ordinary: pool?.running_ordinary ?? 0,
        }}
      />
    </FormDialog>
  );
}
