import { Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Module, Operation } from "@/api/types";
import { FilterBox } from "@/filters/FilterBox";
import { fitting, type LocalField } from "@/filters/local";
import { useFilters } from "@/filters/useFilters";
import { Page } from "@/parts/Page";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Table, type TableColumn } from "@/parts/Table";
import { Titled } from "@/parts/Titled";
import { duration } from "@/time/format";
import classes from "./OperationsPage.module.css";
import { modulesQuery, operationsQuery } from "./queries";

const FIELDS: readonly LocalField<Operation>[] = [
  { name: "module", description: "Of this module", valuesOf: (operation) => [operation.module] },
  {
    name: "text",
    description: "With this text in name or description",
    textOf: (operation) => `${operation.name} ${operation.description}`,
  },
];

const COLUMNS: TableColumn<Operation>[] = [
  {
    key: "name",
    title: "Operation",
    grows: true,
    render: (operation) => (
      <Titled note={firstSentence(operation.description)}>
        <Link to="/operations/$operation" params={{ operation: operation.name }}>
          {operation.name}
        </Link>
      </Titled>
    ),
  },
  {
    key: "tasks",
    title: "Tasks",
    isWide: true,
    render: (operation) => (
      <Link to="/tasks" search={{ operation: operation.name }} aria-label={`its tasks: ${operation.name}`}>
        its tasks
      </Link>
    ),
  },
  {
    key: "workers",
    title: "Workers",
    isNumber: true,
    render: (operation) => (
      <span className={classes.workers} data-none={operation.workers === 0 || undefined}>
        {operation.workers === 0 ? "none can run it" : operation.workers}
      </span>
    ),
  },
];

/** What can be submitted, by module. */
export function OperationsPage() {
  const [conditions, setConditions] = useFilters(FIELDS);
  const operations = useQuery(operationsQuery);
  const modules = useQuery(modulesQuery);
  return (
    <Page title="Modules and operations">
      <Group>
        <FilterBox label="Filter operations" fields={FIELDS} conditions={conditions} onChange={setConditions} />
      </Group>
      <QueryStates query={operations}>
        {(all) => {
          const rows = fitting(all, FIELDS, conditions);
          const names = [...new Set(rows.map((operation) => operation.module))].sort();
          if (names.length === 0) {
            return conditions.length > 0 ? (
              <Empty title="No operation fits these filters">Take one away to see more.</Empty>
            ) : (
              <Empty title="There are no operations yet">
                They appear when a server or worker loads them: <code>taskward worker --app shop.tasks</code>.
              </Empty>
            );
          }
          return names.map((name) => (
            <Table
              key={name}
              label={`Operations of ${name}`}
              title={name}
              aside={<ModuleNote module={modules.data?.find((module) => module.name === name)} />}
              columns={COLUMNS}
              rows={rows.filter((operation) => operation.module === name)}
              rowKey={(operation) => operation.name}
              empty={null}
            />
          ));
        }}
      </QueryStates>
    </Page>
  );
}

/** What a module is for, and how long it keeps what has ended. */
function ModuleNote({ module }: { module: Module | undefined }) {
  if (!module) {
    return null;
  }
  const kept =
    module.ttl_seconds === null
      ? ""
      : module.ttl_seconds === 0
        ? "forgets tasks at once"
        : `keeps tasks for ${duration(module.ttl_seconds * 1_000)}`;
  return (
    <span className={classes.note}>
      {[module.description, kept, module.fold ? "folds children" : ""].filter(Boolean).join(" · ")}
    </span>
  );
}

function firstSentence(text: string): string {
  return text.split(/(?<=\.)\s/)[0] ?? text;
}
