import { Button } from "@mantine/core";
import { IconPlus, IconRefresh, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Credential, Issued } from "@/api/types";
import { useMay } from "@/auth/session";
import { ConfirmDialog } from "@/parts/ConfirmDialog";
import { IconButton } from "@/parts/IconButton";
import { Empty, QueryStates } from "@/parts/PageStates";
import { SecretDialog } from "@/parts/SecretDialog";
import { Table, type TableColumn } from "@/parts/Table";
import { Instant } from "@/time/Instant";
import { ClientForm } from "./ClientForm";
import { clientsQuery } from "./queries";

const COLUMNS: TableColumn<Credential>[] = [
  { key: "name", title: "Client", render: (client) => <b>{client.name}</b> },
  {
    key: "description",
    title: "Description",
    isWide: true,
    grows: true,
    render: (client) => client.description || "–",
  },
  {
    key: "tasks",
    title: "Tasks",
    render: (client) => (
      <Link to="/tasks" search={{ client: client.name }}>
        its tasks
      </Link>
    ),
  },
  { key: "created", title: "Made", isWide: true, render: (client) => <Instant at={client.created_at} /> },
  { key: "used", title: "Seen", isWide: true, render: (client) => <Instant at={client.used_at} missing="never" /> },
];

type Dialog =
  | { kind: "new" }
  | { kind: "secret"; issued: Issued }
  | { kind: "rotate"; client: Credential }
  | { kind: "end"; client: Credential };

/** Tenants: each sees its own tasks alone, and shows an api-key. */
export function Clients() {
  const mayChange = useMay("admin");
  const [dialog, setDialog] = useState<Dialog>();
  const clients = useQuery(clientsQuery);
  const close = () => setDialog(undefined);
  const show = (issued: Issued) => setDialog({ kind: "secret", issued });
  const path = (client: Credential) => ({ params: { path: { id: client.id } } });
  const rotate = useChange((client: Credential) => body(api.POST("/v1/clients/{id}:rotate", path(client))), {
    refresh: clientsQuery.queryKey,
    onDone: show,
  });
  const end = useChange((client: Credential) => body(api.DELETE("/v1/clients/{id}", path(client))), {
    done: (client) => `Client ${client.name} has ended`,
    refresh: clientsQuery.queryKey,
    onDone: close,
  });
  return (
    <QueryStates query={clients}>
      {(rows) => (
        <>
          <Table
            label="Clients"
            title="Clients"
            aside={
              mayChange && (
                <Button
                  variant="default"
                  leftSection={<IconPlus size={14} />}
                  onClick={() => setDialog({ kind: "new" })}
                >
                  New client
                </Button>
              )
            }
            columns={COLUMNS}
            rows={rows}
            rowKey={(client) => client.id}
            actions={(client) => (
              <>
                <IconButton
                  icon={IconRefresh}
                  label={`Give client ${client.name} another key`}
                  onClick={() => {
                    rotate.reset();
                    setDialog({ kind: "rotate", client });
                  }}
                />
                <IconButton
                  icon={IconTrash}
                  label={`End client ${client.name}`}
                  onClick={() => {
                    end.reset();
                    setDialog({ kind: "end", client });
                  }}
                />
              </>
            )}
            empty={
              <Empty title="There are no clients">
                A client is a tenant: it sees and steers its own tasks, and nobody else's.
              </Empty>
            }
          />
          {dialog?.kind === "new" && <ClientForm onMade={show} onClose={close} />}
          {dialog?.kind === "secret" && (
            <SecretDialog
              title={`Key of client ${dialog.issued.credential.name}`}
              secret={dialog.issued.secret}
              onClose={close}
            >
              <span>
                It is sent in the headers <code>client: {dialog.issued.credential.name}</code> and <code>api-key</code>.
              </span>
            </SecretDialog>
          )}
          {dialog?.kind === "rotate" && (
            <ConfirmDialog
              title={`Another key for client ${dialog.client.name}`}
              action="Replace the key"
              isDangerous
              isBusy={rotate.isPending}
              error={rotate.error}
              onConfirm={() => rotate.mutate(dialog.client)}
              onClose={close}
            >
              The old key ends at once: programs that show it are refused until they have the new one.
            </ConfirmDialog>
          )}
          {dialog?.kind === "end" && (
            <ConfirmDialog
              title={`End client ${dialog.client.name}`}
              action="End the client"
              isDangerous
              isBusy={end.isPending}
              error={end.error}
              onConfirm={() => end.mutate(dialog.client)}
              onClose={close}
            >
              Its key is refused from now on. Its tasks stay, and go on.
            </ConfirmDialog>
          )}
        </>
      )}
    </QueryStates>
  );
}
