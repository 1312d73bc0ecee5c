import { Button, Group, Switch } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Credential } from "@/api/types";
import { SCOPES } from "@/auth/allowed";
import { Scopes } from "@/auth/Scopes";
import { useMay } from "@/auth/session";
import { FilterBox } from "@/filters/FilterBox";
import { fitting, type LocalField } from "@/filters/local";
import { useFilters } from "@/filters/useFilters";
import { useShortcut } from "@/keys/shortcuts";
import { ConfirmDialog } from "@/parts/ConfirmDialog";
import { IconButton } from "@/parts/IconButton";
import { Lead } from "@/parts/Lead";
import { Page } from "@/parts/Page";
import { Empty, QueryStates } from "@/parts/PageStates";
import { SecretDialog } from "@/parts/SecretDialog";
import { Table, type TableColumn } from "@/parts/Table";
import { Titled } from "@/parts/Titled";
import { Instant } from "@/time/Instant";
import { Expiry } from "./Expiry";
import { tokensQuery } from "./queries";
import { TokenForm } from "./TokenForm";

const FIELDS: readonly LocalField<Credential>[] = [
  {
    name: "scope",
    description: "With this scope",
    values: SCOPES.map(({ value }) => value),
    valuesOf: (token) => token.scopes,
  },
  {
    name: "text",
    description: "With this text in name, description or owner",
    textOf: (token) => `${token.name} ${token.description} ${token.owner}`,
  },
];

const COLUMNS: TableColumn<Credential>[] = [
  {
    key: "name",
    title: "Token",
    grows: true,
    render: (token) => (
      <Titled note={token.description}>
        <b>{token.name}</b>
      </Titled>
    ),
  },
  { key: "scopes", title: "Scopes", render: (token) => <Scopes scopes={token.scopes} /> },
  { key: "client", title: "Client", isWide: true, render: (token) => token.client || "–" },
  { key: "owner", title: "Made by", isWide: true, render: (token) => token.owner || "–" },
  { key: "created", title: "Made", isWide: true, render: (token) => <Instant at={token.created_at} /> },
  { key: "used", title: "Used", isWide: true, render: (token) => <Instant at={token.used_at} missing="never" /> },
  { key: "expires", title: "Expires", isWide: true, render: (token) => <Expiry at={token.expires_at} /> },
];

type Dialog = { kind: "new" } | { kind: "secret"; name: string; secret: string } | { kind: "end"; token: Credential };

/** Personal access tokens: made, shown once, ended. */
export function TokensPage() {
  const mayChange = useMay("admin");
  const [dialog, setDialog] = useState<Dialog>();
  const [conditions, setConditions] = useFilters(FIELDS);
  const tokens = useQuery(tokensQuery);
  const close = () => setDialog(undefined);
  const end = useChange(
    (token: Credential) => body(api.DELETE("/v1/tokens/{id}", { params: { path: { id: token.id } } })),
    { done: (token) => `Token ${token.name} has ended`, refresh: tokensQuery.queryKey, onDone: close },
  );
  const setSuspended = useChange(
    ({ token, suspended }: { token: Credential; suspended: boolean }) =>
      body(api.PATCH("/v1/tokens/{id}", { params: { path: { id: token.id } }, body: { suspended } })),
    {
      done: ({ token, suspended }) => `Token ${token.name} is switched ${suspended ? "off" : "on"}`,
      failed: "The token could not be changed",
      refresh: tokensQuery.queryKey,
    },
  );
  useShortcut("n", "New token", () => setDialog({ kind: "new" }), mayChange);
  const add = (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setDialog({ kind: "new" })}>
      New token
    </Button>
  );
  return (
    <Page title="Tokens" actions={mayChange && add}>
      <Lead>
        A program shows its token as <code>Authorization: Bearer tw_…</code>. What it may do are its scopes.
      </Lead>
      <Group>
        <FilterBox label="Filter tokens" fields={FIELDS} conditions={conditions} onChange={setConditions} />
      </Group>
      <QueryStates query={tokens}>
        {(all) => (
          <Table
            label="Tokens"
            columns={COLUMNS}
            rows={fitting(all, FIELDS, conditions)}
            rowKey={(token) => token.id}
            actions={(token) => (
              <>
                <Switch
                  size="xs"
                  aria-label={`Token ${token.name} lets in`}
                  checked={token.suspended_at === null}
                  disabled={setSuspended.isPending && setSuspended.variables.token.id === token.id}
                  onChange={(event) => setSuspended.mutate({ token, suspended: !event.currentTarget.checked })}
                />
                <IconButton
                  icon={IconTrash}
                  label={`End token ${token.name}`}
                  onClick={() => {
                    end.reset();
                    setDialog({ kind: "end", token });
                  }}
                />
              </>
            )}
            empty={
              conditions.length > 0 ? (
                <Empty title="No token fits these filters">Take one away to see more.</Empty>
              ) : (
                <Empty title="There are no tokens">Make one for each program, so that each can be ended alone.</Empty>
              )
            }
          />
        )}
      </QueryStates>
      {dialog?.kind === "new" && (
        <TokenForm
          onMade={(issued) => setDialog({ kind: "secret", name: issued.credential.name, secret: issued.secret })}
          onClose={close}
        />
      )}
      {dialog?.kind === "secret" && (
        <SecretDialog title={`Token ${dialog.name}`} secret={dialog.secret} onClose={close} />
      )}
      {dialog?.kind === "end" && (
        <ConfirmDialog
          title={`End token ${dialog.token.name}`}
          action="End the token"
          isDangerous
          isBusy={end.isPending}
          error={end.error}
          onConfirm={() => end.mutate(dialog.token)}
          onClose={close}
        >
          Whoever shows it from now on is refused. This cannot be taken back; a new token can be made under the same
          name.
        </ConfirmDialog>
      )}
    </Page>
  );
}
