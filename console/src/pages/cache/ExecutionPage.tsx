import { Group, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, body } from "@/api/client";
import type { LogLine, Task } from "@/api/types";
import { useTask } from "@/pages/task/useTask";
import { Facts } from "@/parts/Facts";
import { JsonView } from "@/parts/JsonView";
import { Page } from "@/parts/Page";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { ProgressBar } from "@/parts/ProgressBar";
import { Table, type TableColumn } from "@/parts/Table";
import { StateBadge } from "@/states/StateBadge";
import { FINAL } from "@/states/states";
import { Elapsed } from "@/time/Elapsed";
import { Instant } from "@/time/Instant";
import { DOES, deletes } from "./executions";
import { TaskLink } from "./Outcome";
import { Failures, KEPT_COLUMNS, SilentSchedulers } from "./parts";
import { type Cleared, type Clearing, keptIn, plural } from "./results";
import { executionRoute } from "./route";
import { subjectOf } from "./wanted";

/** One execution: what was asked, on which hosts it succeeded and on which it failed, and what the log says of those. */
export function ExecutionPage() {
  const { task: ref } = executionRoute.useParams();
  const { task } = useTask(ref);
  const name = task.data
    ? `${DOES[task.data.operation] ?? task.data.operation} #${task.data.number}`
    : `Execution ${ref}`;
  return (
    <Page
      title={name}
      heading={
        task.data && (
          <Group gap="sm">
            <Title order={1}>{name}</Title>
            <StateBadge state={task.data.state} />
          </Group>
        )
      }
      actions={<Link to="/cache/executions">All executions</Link>}
    >
      <QueryStates query={task}>
        {(data) => (
          <>
            <Panel>
              {!FINAL.has(data.state) && <ProgressBar progress={data.progress} state={data.state} />}
              <Facts
                facts={[
                  ["Of", subjectOf(data.args)],
                  ["By", data.created_by],
                  ["Created", <Instant key="created" at={data.created_at} />],
                  ["Ran for", <Elapsed key="ran" from={data.started_at} to={data.finished_at} />],
                  ["Task", <TaskLink key="task" task={data} />],
                ]}
              />
            </Panel>
            {data.error && (
              <Panel title="Why it failed">
                <Text size="sm" role="alert">
                  {data.error.message}
                </Text>
              </Panel>
            )}
            {deletes(data.operation) ? (
              <Deletion task={data} />
            ) : (
              data.result !== null && (
                <Panel title="Result">
                  <JsonView value={data.result} label="result" />
                </Panel>
              )
            )}
          </>
        )}
      </QueryStates>
    </Page>
  );
}

/** What a deletion did, cluster by cluster. Of one that failed, what the clusters that answered did is told by its children. */
function Deletion({ task }: { task: Task }) {
  const parts = useQuery({
    // Asked again when it has ended: its parts have then, too.
    queryKey: ["cache-tasks", "parts", task.id, FINAL.has(task.state)],
    queryFn: async ({ signal }) => {
      const query = { parent: task.id, internal: true, limit: 500 };
      return (await body(api.GET("/v1/tasks", { params: { query }, signal }))).items;
    },
    enabled: FINAL.has(task.state),
  });
  if (!FINAL.has(task.state)) {
    return <Empty title="It is under way">What it has done is shown when it has ended.</Empty>;
  }
  const result = task.result as Cleared | null;
  const clusters =
    result?.clusters ?? (parts.data ?? []).map((part) => part.result as Clearing | null).filter(isClearing);
  const cleared = clusters.flatMap((cluster) => keptIn([{ ...cluster, holders: cluster.cleared }]));
  const failures = clusters.flatMap((cluster) => cluster.failures);
  const word = result?.dry_run ? "would be deleted" : "deleted";
  return (
    <>
      {clusters.map((cluster) => (
        <SilentSchedulers key={cluster.id} cluster={cluster} />
      ))}
      <Table
        label="Succeeded"
        title="Succeeded"
        aside={<Text size="sm" c="var(--faint)">{`${plural(cleared.length, "copy", "copies")} ${word}`}</Text>}
        columns={[
          ...KEPT_COLUMNS.slice(0, 1),
          { key: "cluster", title: "Cluster", isWide: true, render: (kept) => kept.cluster },
          ...KEPT_COLUMNS.slice(1),
        ]}
        rows={cleared}
        rowKey={(kept) => kept.key}
        empty={<Empty title="No copy was deleted">No host kept it, or none could be asked.</Empty>}
      />
      <Failures title="Failed" failures={failures} />
      <FailureLog tasks={[task, ...(parts.data ?? [])]} />
    </>
  );
}

function isClearing(result: Clearing | null): result is Clearing {
  return result !== null && Array.isArray(result.cleared);
}

const LOG_COLUMNS: TableColumn<LogLine>[] = [
  { key: "at", title: "When", render: (line) => <Instant at={line.at} /> },
  { key: "severity", title: "Severity", isWide: true, render: (line) => line.severity },
  {
    key: "message",
    title: "What",
    grows: true,
    render: (line) => {
      const facts = Object.entries(line.fields)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(" ");
      return <span title={`${line.message} ${facts}`}>{`${line.message} ${facts}`}</span>;
    },
  },
];

/** What the logs say of failures. */
function FailureLog({ tasks }: { tasks: Task[] }) {
  const ids = tasks.map((task) => task.id);
  const lines = useQuery({
    queryKey: ["cache-tasks", "failure-log", ids],
    queryFn: async ({ signal }) => {
      const pages = await Promise.all(
        ids.map((task) =>
          body(
            api.GET("/v1/tasks/{task}/logs", {
              params: { path: { task }, query: { severity: "warning", limit: 200 } },
              signal,
            }),
          ),
        ),
      );
      return pages.flatMap((page) => page.items).sort((one, other) => one.at.localeCompare(other.at));
    },
  });
  return (
    <QueryStates query={lines}>
      {(all) => (
        <Table
          label="Failure log"
          title="Failure log"
          columns={LOG_COLUMNS}
          rows={all}
          rowKey={(line) => `${line.task_id} ${line.seq}`}
          empty={<Empty title="The log tells of no failure" />}
        />
      )}
    </QueryStates>
  );
}
