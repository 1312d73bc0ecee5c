import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Workflow } from "@/api/types";
import { FilterBox } from "@/filters/FilterBox";
import { fitting, type LocalField } from "@/filters/local";
import { useFilters } from "@/filters/useFilters";
import { usePolling } from "@/live/polling";
import { Page } from "@/parts/Page";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Table, type TableColumn } from "@/parts/Table";
import { Titled } from "@/parts/Titled";
import { workflowsQuery } from "./queries";
import classes from "./WorkflowsPage.module.css";

const FIELDS: readonly LocalField<Workflow>[] = [
  {
    name: "text",
    description: "With this text in name, description or file",
    textOf: (workflow) => `${workflow.name} ${workflow.description} ${workflow.source}`,
  },
];

const COLUMNS: TableColumn<Workflow>[] = [
  {
    key: "name",
    title: "Workflow",
    grows: true,
    render: (workflow) => (
      <Titled note={workflow.description}>
        <Link
          to="/workflows/$workflow"
          params={{ workflow: workflow.name }}
          search={workflow.client ? { client: workflow.client } : {}}
        >
          {workflow.name}
        </Link>
      </Titled>
    ),
  },
  {
    key: "standing",
    title: "File",
    render: (workflow) =>
      workflow.problem ? (
        <span className={classes.problem} title={workflow.problem}>
          {workflow.usable ? "wrong now; the one before is in force" : "wrong"}
        </span>
      ) : (
        "right"
      ),
  },
  { key: "client", title: "Client", isWide: true, render: (workflow) => workflow.client || "all" },
  {
    key: "jobs",
    title: "Jobs",
    isWide: true,
    render: (workflow) => (
      <Link
        to="/tasks"
        search={{ operation: "workflow.run", text: workflow.name }}
        aria-label={`its jobs: ${workflow.name}`}
      >
        its jobs
      </Link>
    ),
  },
];

/** Declared jobs: what there is to run, and whether its file is right. */
export function WorkflowsPage() {
  const [conditions, setConditions] = useFilters(FIELDS);
  const workflows = useQuery({ ...workflowsQuery, refetchInterval: usePolling() });
  return (
    <Page title="Workflows">
      <Group>
        <FilterBox label="Filter workflows" fields={FIELDS} conditions={conditions} onChange={setConditions} />
      </Group>
      <QueryStates query={workflows}>
        {(all) => (
          <Table
            label="Workflows"
            columns={COLUMNS}
            rows={fitting(all, FIELDS, conditions)}
            rowKey={(workflow) => `${workflow.client} ${workflow.name}`}
            empty={
              conditions.length > 0 ? (
                <Empty title="No workflow fits these filters">Take one away to see more.</Empty>
              ) : (
                <Empty title="There are no workflows">
                  Files in the folders of workflows that the server was started with appear here.
                </Empty>
              )
            }
          />
        )}
      </QueryStates>
    </Page>
  );
}
