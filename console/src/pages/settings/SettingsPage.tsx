import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useChange } from "@/api/change";
import { api, body } from "@/api/client";
import type { Setting } from "@/api/types";
import { useMay } from "@/auth/session";
import { usePolling } from "@/live/polling";
import { Lead } from "@/parts/Lead";
import { Page } from "@/parts/Page";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Table, type TableColumn } from "@/parts/Table";
import { Titled } from "@/parts/Titled";
import { settingsQuery } from "./queries";
import { SettingForm } from "./SettingForm";
import classes from "./SettingsPage.module.css";
import { valueInWords } from "./words";

const COLUMNS: TableColumn<Setting>[] = [
  {
    key: "name",
    title: "Setting",
    grows: true,
    render: (setting) => (
      <Titled note={setting.description}>
        <code>{setting.name}</code>
      </Titled>
    ),
  },
  {
    key: "value",
    title: "Now",
    render: (setting) => (
      <span className={classes.value} data-set={setting.source !== "default" || undefined}>
        {valueInWords(setting.value)}
      </span>
    ),
  },
  { key: "default", title: "Default", isWide: true, render: (setting) => valueInWords(setting.default) },
];

/** What can be changed while everything runs, what it does, and what it would be otherwise. */
export function SettingsPage() {
  const mayChange = useMay("admin");
  const [edited, setEdited] = useState<Setting>();
  const settings = useQuery({ ...settingsQuery, refetchInterval: usePolling() });
  const unset = useChange((name: string) => body(api.DELETE("/v1/settings/{name}", { params: { path: { name } } })), {
    done: (name) => `${name} is at its default again`,
    failed: "The setting could not be changed",
    refresh: settingsQuery.queryKey,
  });
  const buttons = (setting: Setting) => (
    <>
      {setting.source !== "default" && (
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          aria-label={`Return ${setting.name} to its default`}
          loading={unset.isPending && unset.variables === setting.name}
          onClick={() => unset.mutate(setting.name)}
        >
          Default
        </Button>
      )}
      <Button
        variant="default"
        size="compact-xs"
        aria-label={`Change ${setting.name}`}
        onClick={() => setEdited(setting)}
      >
        Change
      </Button>
    </>
  );
  return (
    <Page title="Settings">
      <Lead>A change takes effect at once, in every server and worker, without a restart.</Lead>
      <QueryStates query={settings}>
        {(rows) => (
          <Table
            label="Settings"
            columns={COLUMNS}
            rows={rows}
            rowKey={(setting) => setting.name}
            actions={mayChange ? buttons : undefined}
            empty={<Empty title="There are no settings" />}
          />
        )}
      </QueryStates>
      {edited && <SettingForm setting={edited} onClose={() => setEdited(undefined)} />}
    </Page>
  );
}
