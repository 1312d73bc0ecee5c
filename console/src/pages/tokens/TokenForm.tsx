import { Checkbox, Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { fieldErrors, useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Issued } from "@/api/types";
import { SCOPES } from "@/auth/allowed";
import { clientsQuery } from "@/pages/people/queries";
import { FormDialog } from "@/parts/FormDialog";
import { tokensQuery } from "./queries";

const DAY_SECONDS = 86_400;
const LIFETIMES = [
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "a year" },
  { value: "", label: "never" },
];

/** Makes a token. Its secret goes to `onMade`, and nowhere else. */
export function TokenForm({ onMade, onClose }: { onMade: (issued: Issued) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [scopes, setScopes] = useState<string[]>(["read"]);
  const [days, setDays] = useState("90");
  const [client, setClient] = useState("");
  const clients = useQuery(clientsQuery);
  const make = useChange(
    () =>
      body(
        api.POST("/v1/tokens", {
          body: {
            name,
            description,
            scopes,
            client,
            expires_in_seconds: days ? Number(days) * DAY_SECONDS : null,
          },
        }),
      ),
    { refresh: tokensQuery.queryKey, onDone: onMade },
  );
  const errors = fieldErrors(make.error);
  return (
    <FormDialog
      title="New token"
      action="Make the token"
      isBusy={make.isPending}
      error={make.error}
      onSubmit={() => make.mutate(undefined)}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        description="Of the program that will show it"
        required
        maxLength={100}
        data-autofocus
        value={name}
        error={errors.name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label="Description"
        value={description}
        error={errors.description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <Checkbox.Group label="Scopes" value={scopes} onChange={setScopes} error={errors.scopes} required>
        <Stack gap={8} mt={6}>
          {SCOPES.map((scope) => (
            <Checkbox
              key={scope.value}
              size="sm"
              value={scope.value}
              label={scope.label}
              description={scope.description}
            />
          ))}
        </Stack>
      </Checkbox.Group>
      <Select
        label="Expires"
        data={LIFETIMES.map(({ value, label }) => ({ value: value || "never", label: value ? `in ${label}` : label }))}
        value={days || "never"}
        allowDeselect={false}
        error={errors.expires_in_seconds}
        onChange={(value) => setDays(value === "never" || value === null ? "" : value)}
      />
      {(clients.data?.length ?? 0) > 0 && (
        <Select
          label="Client"
          description="Whose tasks it sees and submits; without one, everybody's"
          data={(clients.data ?? []).map((one) => one.name)}
          clearable
          value={client || null}
          error={errors.client}
          onChange={(value) => setClient(value ?? "")}
        />
      )}
    </FormDialog>
  );
}
