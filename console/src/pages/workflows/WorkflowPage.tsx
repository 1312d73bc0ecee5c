import { Alert, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, body } from "@/api/client";
import type { StepNode, WorkflowDetail } from "@/api/types";
import { useMay } from "@/auth/session";
import { useRefreshOnEvents } from "@/live/hooks";
import { Columns } from "@/parts/Columns";
import { Facts } from "@/parts/Facts";
import { Lead } from "@/parts/Lead";
import { Page } from "@/parts/Page";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { TaskTable } from "@/parts/TaskTable";
import { jobQuery, workflowQuery } from "./queries";
import { RunForm } from "./RunForm";
import { workflowRoute } from "./route";
import { WorkflowGraph } from "./WorkflowGraph";
import classes from "./WorkflowPage.module.css";

const MOST_SHOWN = 8;

/** One workflow: its picture, or that of one of its jobs; a form that runs it; its newest jobs. */
export function WorkflowPage() {
  const { workflow: name } = workflowRoute.useParams();
  const { client = "", job } = workflowRoute.useSearch();
  const workflow = useQuery(workflowQuery(name, client));
  const mayWrite = useMay("write");
  return (
    <Page title={name}>
      <QueryStates query={workflow}>
        {(data) => (
          <>
            {data.description && <Lead>{data.description}</Lead>}
            {data.problem && (
              <Alert color="red" title="The file is wrong" role="alert">
                <pre className={classes.problem}>{data.problem}</pre>
              </Alert>
            )}
            {job ? <JobPicture workflow={name} job={job} /> : <Picture steps={data.steps} />}
            <Columns
              first={
                mayWrite &&
                data.usable && (
                  <Panel title="Run it">
                    <RunForm key={data.digest} workflow={data} />
                  </Panel>
                )
              }
            >
              <Panel title="What it is">
                <Facts facts={factsOf(data)} />
              </Panel>
              <Jobs workflow={name} />
            </Columns>
          </>
        )}
      </QueryStates>
    </Page>
  );
}

function factsOf(workflow: WorkflowDetail) {
  return [
    ["File", workflow.source],
    ["Client", workflow.client || "all"],
    ["Steps", workflow.steps.length],
    ["Version", workflow.digest.slice(0, 12)],
  ] as const;
}

function Picture({ steps }: { steps: readonly StepNode[] }) {
  return (
    <Panel title="Steps">
      {steps.length > 0 ? <WorkflowGraph steps={steps} label="Steps" /> : <Empty title="It has no steps to draw" />}
    </Panel>
  );
}

function JobPicture({ workflow, job }: { workflow: string; job: string }) {
  const query = jobQuery(job);
  const steps = useQuery(query);
  useRefreshOnEvents(query.queryKey, (event) => event.kind === "state" || event.kind === "created");
  return (
    <Panel
      title={`Steps of job #${job}`}
      aside={
        <Group gap="md">
          <Link to="/tasks/$task" params={{ task: job }}>
            The job
          </Link>
          <Link to="/workflows/$workflow" params={{ workflow }}>
            The workflow itself
          </Link>
        </Group>
      }
    >
      <QueryStates query={steps}>
        {(data) => <WorkflowGraph steps={data.steps} label={`Steps of job #${job}`} />}
      </QueryStates>
    </Panel>
  );
}

function Jobs({ workflow }: { workflow: string }) {
  const key = ["workflow-jobs", workflow];
  const jobs = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const query = { operation: "workflow.run", text: workflow, limit: MOST_SHOWN };
      const page = await body(api.GET("/v1/tasks", { params: { query }, signal }));
      // The text may be another job's argument.
      return page.items.filter((task) => (task.args as { workflow?: string }).workflow === workflow);
    },
  });
  useRefreshOnEvents(key);
  return (
    <QueryStates query={jobs}>
      {(tasks) => (
        <>
          <TaskTable
            title="Newest jobs"
            aside={
              <Link to="/tasks" search={{ operation: "workflow.run", text: workflow }}>
                All of them
              </Link>
            }
            tasks={tasks}
            empty={<Empty title="It has not been run yet" />}
          />
          {tasks.length > 0 && (
            <Text size="sm" component="nav" aria-label="Pictures of jobs" className={classes.pictures}>
              Steps of{" "}
              {tasks.map((task) => (
                <Link
                  key={task.id}
                  to="/workflows/$workflow"
                  params={{ workflow }}
                  search={{ job: String(task.number) }}
                >
                  #{task.number}
                </Link>
              ))}
            </Text>
          )}
        </>
      )}
    </QueryStates>
  );
}
