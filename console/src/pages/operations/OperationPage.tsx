import { useQuery } from "@tanstack/react-query";
import type { Operation } from "@/api/types";
import { useMay } from "@/auth/session";
import { TasksOf } from "@/pages/tasks/TasksOf";
import { Columns } from "@/parts/Columns";
import { Facts } from "@/parts/Facts";
import { JsonView } from "@/parts/JsonView";
import { Lead } from "@/parts/Lead";
import { Page } from "@/parts/Page";
import { QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
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
            <Columns
              first={
                mayWrite && (
                  <Panel title="Submit a task">
                    <SubmitForm key={name} operation={data} />
                  </Panel>
                )
              }
            >
              <Panel title="What it is">
                <Facts facts={factsOf(data)} />
              </Panel>
              <TasksOf
                title="Newest tasks"
                search={{ operation: name }}
                most={MOST_SHOWN}
                empty="It has not been submitted yet"
              />
              <Panel title="Schema of its arguments">
                <JsonView value={data.schema} label="schema" />
              </Panel>
            </Columns>
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
