import { Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrors, useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Setting } from "@/api/types";
import { FormDialog } from "@/parts/FormDialog";
import { settingsQuery } from "./queries";
import { valueInWords } from "./words";

/** Gives a setting another value. */
export function SettingForm({ setting, onClose }: { setting: Setting; onClose: () => void }) {
  const [value, setValue] = useState(setting.value);
  const save = useChange(
    () => body(api.PUT("/v1/settings/{name}", { params: { path: { name: setting.name } }, body: { value } })),
    {
      done: (_, saved) => `${saved.name} is ${valueInWords(saved.value)} now`,
      refresh: settingsQuery.queryKey,
      onDone: onClose,
    },
  );
  const wrong = fieldErrors(save.error).value;
  return (
    <FormDialog
      title={setting.name}
      action="Save"
      isBusy={save.isPending}
      error={wrong ? null : save.error}
      onSubmit={() => save.mutate(undefined)}
      onClose={onClose}
    >
      <Text size="sm">{setting.description}.</Text>
      <TextInput
        label="Value"
        description={`Seconds, or a text such as 90s, 15m, 1h30m or 7d. The default is ${valueInWords(setting.default)}.`}
        required
        data-autofocus
        value={value}
        error={wrong}
        onChange={(event) => setValue(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
