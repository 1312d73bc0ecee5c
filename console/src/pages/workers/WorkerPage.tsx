import { Group, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { usePolling } from "@/live/polling";
import { TasksOf } from "@/pages/tasks/TasksOf";
import { Facts } from "@/parts/Facts";
import { Load } from "@/parts/Load";
import { Names } from "@/parts/Names";
import { Page } from "@/parts/Page";
import { Empty, QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { Instant } from "@/time/Instant";
import { workerQuery } from "./queries";
import { workerRoute } from "./route";
import { WorkerState } from "./WorkerState";

const MOST_SHOWN = 50;

/** One worker: what it is, what it runs now, what it could run. */
export function WorkerPage() {
  const { worker: id } = workerRoute.useParams();
  const worker = useQuery({ ...workerQuery(id), refetchInterval: usePolling() });
  const name = worker.data?.name;
  return (
    <Page
      title={name ?? "Worker"}
      heading={
        worker.data && (
          <Group gap="sm">
            <Title order={1}>{name}</Title>
            <WorkerState state={worker.data.state} />
          </Group>
        )
      }
    >
      <QueryStates query={worker}>
        {(data) => (
          <>
            <Panel>
              <Facts
                facts={[
                  ["Running", <Load key="load" taken={data.running} most={data.concurrency} label="Running tasks" />],
                  ["Host", data.host],
                  ["Process", data.pid],
                  ["Version", data.version],
                  ["Started", <Instant key="started" at={data.started_at} />],
                  ["Heartbeat", <Instant key="heartbeat" at={data.heartbeat_at} />],
                  ["Queues", <Names key="queues" names={data.queues} />],
                ]}
              />
            </Panel>
            <TasksOf
              title="Running now"
              search={{ worker: data.name, state: ["running", "canceling"] }}
              all={{ worker: data.name }}
              most={MOST_SHOWN}
              empty="It runs nothing at this moment"
            />
            <Panel title="Can run">
              {data.operations.length > 0 ? (
                <Names names={data.operations} />
              ) : (
                <Empty title="It has loaded no operations" />
              )}
            </Panel>
          </>
        )}
      </QueryStates>
    </Page>
  );
}
