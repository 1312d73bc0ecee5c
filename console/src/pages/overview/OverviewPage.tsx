import { useQuery } from "@tanstack/react-query";
import { api, body } from "@/api/client";
import { useRefreshOnEvents } from "@/live/hooks";
import { Page } from "@/parts/Page";
import { QueryStates } from "@/parts/PageStates";
import { StateCounts } from "./StateCounts";

const STATS = ["stats"];

/** What is going on now. */
export function OverviewPage() {
  const stats = useQuery({ queryKey: STATS, queryFn: ({ signal }) => body(api.GET("/v1/stats", { signal })) });
  useRefreshOnEvents(STATS);
  return (
    <Page title="Overview">
      <QueryStates query={stats}>{(data) => <StateCounts states={data.states} />}</QueryStates>
    </Page>
  );
}
