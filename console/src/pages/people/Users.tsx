import { Button } from "@mantine/core";
import { IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Credential } from "@/api/types";
import { Scopes } from "@/auth/Scopes";
import { useMay } from "@/auth/session";
import { ConfirmDialog } from "@/parts/ConfirmDialog";
import { IconButton } from "@/parts/IconButton";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Table, type TableColumn } from "@/parts/Table";
import { Instant } from "@/time/Instant";
import { usersQuery } from "./queries";
import { roleOf } from "./roles";
import { UserForm } from "./UserForm";

const COLUMNS: TableColumn<Credential>[] = [
  { key: "name", title: "User", grows: true, render: (user) => <b>{user.name}</b> },
  { key: "role", title: "Role", render: (user) => roleOf(user.scopes) },
  { key: "scopes", title: "Scopes", isWide: true, render: (user) => <Scopes scopes={user.scopes} /> },
  { key: "owner", title: "Made by", isWide: true, render: (user) => user.owner || "–" },
  { key: "created", title: "Made", isWide: true, render: (user) => <Instant at={user.created_at} /> },
  { key: "used", title: "Seen", isWide: true, render: (user) => <Instant at={user.used_at} missing="never" /> },
];

type Dialog = { kind: "edit"; user?: Credential } | { kind: "end"; user: Credential };

/** People who sign in with a name and a password. */
export function Users() {
  const mayChange = useMay("admin");
  const [dialog, setDialog] = useState<Dialog>();
  const users = useQuery(usersQuery);
  const close = () => setDialog(undefined);
  const end = useChange(
    (user: Credential) => body(api.DELETE("/v1/users/{id}", { params: { path: { id: user.id } } })),
    {
      done: (user) => `${user.name} can no longer sign in`,
      refresh: usersQuery.queryKey,
      onDone: close,
    },
  );
  return (
    <QueryStates query={users}>
      {(rows) => (
        <>
          <Table
            label="Users"
            title="Users"
            aside={
              mayChange && (
                <Button
                  variant="default"
                  leftSection={<IconPlus size={14} />}
                  onClick={() => setDialog({ kind: "edit" })}
                >
                  New user
                </Button>
              )
            }
            columns={COLUMNS}
            rows={rows}
            rowKey={(user) => user.id}
            actions={(user) => (
              <>
                <IconButton
                  icon={IconPencil}
                  label={`Change user ${user.name}`}
                  onClick={() => setDialog({ kind: "edit", user })}
                />
                <IconButton
                  icon={IconTrash}
                  label={`End user ${user.name}`}
                  onClick={() => {
                    end.reset();
                    setDialog({ kind: "end", user });
                  }}
                />
              </>
            )}
            empty={<Empty title="There are no users">People can sign in here with a token, too.</Empty>}
          />
          {dialog?.kind === "edit" && <UserForm user={dialog.user} onClose={close} />}
          {dialog?.kind === "end" && (
            <ConfirmDialog
              title={`End user ${dialog.user.name}`}
              action="End the user"
              isDangerous
              isBusy={end.isPending}
              error={end.error}
              onConfirm={() => end.mutate(dialog.user)}
              onClose={close}
            >
              {dialog.user.name} is signed out everywhere at once. What {dialog.user.name} has submitted stays.
            </ConfirmDialog>
          )}
        </>
      )}
    </QueryStates>
  );
}
