import { useQuery } from "@tanstack/react-query";
import { Page } from "@/parts/Page";
import { QueryStates } from "@/parts/PageStates";
import { StateBadge } from "@/states/StateBadge";
import { taskQuery } from "./queries";
import { taskRoute } from "./route";

/** One task. */
export function TaskPage() {
  const { task: ref } = taskRoute.useParams();
  const task = useQuery(taskQuery(ref));
  return (
    <Page title={task.data?.name ?? `Task ${ref}`}>
      <QueryStates query={task}>{(data) => <StateBadge state={data.state} />}</QueryStates>
    </Page>
  );
}
