import { PasswordInput, Radio, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrors, useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Credential } from "@/api/types";
import { FormDialog } from "@/parts/FormDialog";
import { usersQuery } from "./queries";
import { ROLES, roleOf } from "./roles";

/** Makes a user, or gives one another password and role. */
export function UserForm({ user, onClose }: { user?: Credential; onClose: () => void }) {
  const [name, setName] = useState(user?.name ?? "");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState(user ? roleOf(user.scopes) : "viewer");
  const save = useChange(
    () =>
      user
        ? body(api.PUT("/v1/users/{id}", { params: { path: { id: user.id } }, body: { name, password, role } }))
        : body(api.POST("/v1/users", { body: { name, password, role } })),
    {
      done: (_, saved) => `User ${saved.name} is saved`,
      refresh: usersQuery.queryKey,
      onDone: onClose,
    },
  );
  const errors = fieldErrors(save.error);
  return (
    <FormDialog
      title={user ? `User ${user.name}` : "New user"}
      action="Save"
      isBusy={save.isPending}
      error={save.error}
      onSubmit={() => save.mutate(undefined)}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        required
        disabled={user !== undefined}
        autoComplete="off"
        data-autofocus={user === undefined || undefined}
        value={name}
        error={errors.name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <PasswordInput
        label={user ? "New password" : "Password"}
        description={user ? "Eight characters or more. The user is signed out everywhere." : "Eight characters or more"}
        required
        autoComplete="new-password"
        data-autofocus={user !== undefined || undefined}
        value={password}
        error={errors.password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Radio.Group label="Role" value={role} onChange={setRole} error={errors.role}>
        <Stack gap={8} mt={6}>
          {ROLES.map(({ value, description }) => (
            <Radio key={value} size="sm" value={value} label={value} description={description} />
          ))}
        </Stack>
      </Radio.Group>
    </FormDialog>
  );
}
