import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, body } from "@/api/client";
import type { Operation } from "@/api/types";
import { useMay } from "@/auth/session";
import { useRefreshOnEvents } from "@/live/hooks";
import { Facts } from "@/parts/Facts";
import { JsonView } from "@/parts/JsonView";
import { Lead } from "@/parts/Lead";
import { Page } from "@/parts/Page";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { TaskTable } from "@/parts/TaskTable";
import classes from "./OperationPage.module.css";
import { operationQuery } from "./queries";
import { operationRoute } from "./route";
import { SubmitForm } from "./SubmitForm";

const MOST_SHOWN = 8;

/** One operation: what it does, a form to submit it, its newest tasks. */
export function OperationPage() {
  const { operation: name } = operationRoute.useParams();
  const operation = useQuery(operationQuery(name));
  const mayWrite = useMay("write");
  return (
    <Page title={name}>
      <QueryStates query={operation}>
        {(data) => (
          <>
            {data.description && <Lead>{data.description}</Lead>}
            <div className={classes.columns}>
              {mayWrite && (
                <Panel title="Submit a task">
                  <SubmitForm key={name} operation={data} />
                </Panel>
              )}
              <div className={classes.side}>
                <Panel title="What it is">
                  <Facts facts={factsOf(data)} />
                </Panel>
                <NewestTasks operation={name} />
                <Panel title="Schema of its arguments">
                  <JsonView value={data.schema} label="schema" />
                </Panel>
              </div>
            </div>
          </>
        )}
      </QueryStates>
    </Page>
  );
}

interface Spec {
  isolation?: string;
  queue?: string;
  pool?: string;
  priority?: number | null;
  abortable?: boolean;
  resources?: { name: string; exclusive?: boolean }[];
  rules?: { retry?: { limit?: number }; timeout?: string | null };
}

function factsOf(operation: Operation) {
  const spec = operation.spec as Spec;
  const retries = spec.rules?.retry?.limit ?? 0;
  return [
    ["Module", operation.module],
    ["Workers", operation.workers === 0 ? "none can run it" : operation.workers],
    ["Queue", spec.queue],
    ["Pool", spec.pool],
    ["Priority", spec.priority],
    ["Runs", { async: "on the event loop", thread: "in a thread", process: "in a process" }[spec.isolation ?? "async"]],
    ["Retries", retries === 0 ? "none" : retries],
    ["Timeout", spec.rules?.timeout],
    ["Can be aborted", spec.abortable === false ? "no" : "yes"],
    [
      "Locks",
      spec.resources?.map(({ name, exclusive }) => (exclusive === false ? `${name} (shared)` : name)).join(", "),
    ],
  ] as const;
}

function NewestTasks({ operation }: { operation: string }) {
  const key = ["operation-tasks", operation];
  const tasks = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      body(api.GET("/v1/tasks", { params: { query: { operation, limit: MOST_SHOWN } }, signal })),
  });
  useRefreshOnEvents(key);
  return (
    <QueryStates query={tasks}>
      {(page) => (
        <TaskTable
          title="Newest tasks"
          aside={
            <Link to="/tasks" search={{ operation }}>
              All of them
            </Link>
          }
          tasks={page.items}
          empty={<Empty title="It has not been submitted yet" />}
        />
      )}
    </QueryStates>
  );
}
