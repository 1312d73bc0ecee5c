import { Button } from "@mantine/core";
import { IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Pool } from "@/api/types";
import { useMay } from "@/auth/session";
import { useShortcut } from "@/keys/shortcuts";
import { ConfirmDialog } from "@/parts/ConfirmDialog";
import { IconButton } from "@/parts/IconButton";
import { count } from "@/parts/numbers";
import { Empty, QueryStates } from "@/parts/PageStates";
import { PoolSlots } from "@/parts/PoolSlots";
import { Table, type TableColumn } from "@/parts/Table";
import { PoolForm } from "./PoolForm";
import classes from "./Pools.module.css";
import { poolsQuery } from "./queries";

const COLUMNS: TableColumn<Pool>[] = [
  {
    key: "name",
    title: "Pool",
    render: (pool) => (
      <Link to="/tasks" search={{ pool: pool.name }}>
        {pool.name}
      </Link>
    ),
  },
  {
    key: "slots",
    title: "Slots",
    isWide: true,
    render: (pool) => (
      <div className={classes.slots}>
        <PoolSlots pool={pool} />
      </div>
    ),
  },
  {
    key: "running",
    title: "Running",
    isNumber: true,
    render: (pool) => `${count(pool.running)} / ${count(pool.limit)}`,
  },
  {
    key: "reserved",
    title: "Reserved",
    isWide: true,
    render: (pool) => (pool.reserved > 0 ? `${count(pool.reserved)} for priority 1 to ${pool.threshold}` : "none"),
  },
];

type Dialog = { kind: "edit"; pool?: Pool } | { kind: "remove"; pool: Pool };

/** The pools, their slots drawn, the reserved ones apart. */
export function Pools() {
  const mayChange = useMay("admin");
  const [dialog, setDialog] = useState<Dialog>();
  const pools = useQuery(poolsQuery);
  const close = () => setDialog(undefined);
  const remove = useChange((name: string) => body(api.DELETE("/v1/pools/{name}", { params: { path: { name } } })), {
    done: (name) => `Pool ${name} is gone`,
    refresh: poolsQuery.queryKey,
    onDone: close,
  });
  useShortcut("n", "New pool", () => setDialog({ kind: "edit" }), mayChange);
  const buttons = (pool: Pool) => (
    <>
      <IconButton
        icon={IconPencil}
        label={`Change pool ${pool.name}`}
        onClick={() => setDialog({ kind: "edit", pool })}
      />
      <IconButton
        icon={IconTrash}
        label={`Remove pool ${pool.name}`}
        onClick={() => {
          remove.reset();
          setDialog({ kind: "remove", pool });
        }}
      />
    </>
  );
  return (
    <QueryStates query={pools}>
      {(rows) => (
        <>
          <Table
            label="Pools"
            title="Pools"
            aside={
              mayChange && (
                <Button
                  variant="default"
                  leftSection={<IconPlus size={14} />}
                  onClick={() => setDialog({ kind: "edit" })}
                >
                  New pool
                </Button>
              )
            }
            columns={COLUMNS}
            rows={rows}
            rowKey={(pool) => pool.name}
            actions={mayChange ? buttons : undefined}
            empty={
              <Empty title="There are no pools">
                A pool bounds how many roots run at once, and keeps slots for the urgent ones.
              </Empty>
            }
          />
          {dialog?.kind === "edit" && <PoolForm pool={dialog.pool} onClose={close} />}
          {dialog?.kind === "remove" && (
            <ConfirmDialog
              title={`Remove pool ${dialog.pool.name}`}
              action="Remove the pool"
              isDangerous
              isBusy={remove.isPending}
              error={remove.error}
              onConfirm={() => remove.mutate(dialog.pool.name)}
              onClose={close}
            >
              What names it can no longer be submitted. It cannot be removed while tasks wait for it or run in it.
            </ConfirmDialog>
          )}
        </>
      )}
    </QueryStates>
  );
}
