import { useRefreshOnEvents } from "@/live/hooks";
import { Page } from "@/parts/Page";
import { Pools } from "./Pools";
import { Queues } from "./Queues";
import { poolsQuery, queuesQuery } from "./queries";

/** Where tasks stand in line, and what bounds how many run. */
export function QueuesPage() {
  useRefreshOnEvents(queuesQuery.queryKey);
  useRefreshOnEvents(poolsQuery.queryKey);
  return (
    <Page title="Queues and pools">
      <Queues />
      <Pools />
    </Page>
  );
}
