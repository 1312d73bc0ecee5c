import { TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrors, useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Issued } from "@/api/types";
import { FormDialog } from "@/parts/FormDialog";
import { clientsQuery } from "./queries";

/** Makes a tenant. Its key goes to `onMade`, and nowhere else. */
export function ClientForm({ onMade, onClose }: { onMade: (issued: Issued) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const make = useChange(() => body(api.POST("/v1/clients", { body: { name, description } })), {
    refresh: clientsQuery.queryKey,
    onDone: onMade,
  });
  const errors = fieldErrors(make.error);
  return (
    <FormDialog
      title="New client"
      action="Make the client"
      isBusy={make.isPending}
      error={make.error}
      onSubmit={() => make.mutate(undefined)}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        required
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
    </FormDialog>
  );
}
