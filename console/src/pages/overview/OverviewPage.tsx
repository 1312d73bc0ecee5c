import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRefreshOnEvents } from "@/live/hooks";
import { Page } from "@/parts/Page";
import { QueryStates } from "@/parts/PageStates";
import { Failures } from "./Failures";
import { LatencyChart, ThroughputChart } from "./FlowCharts";
import classes from "./OverviewPage.module.css";
import { Pools } from "./Pools";
import { SPANS, type Span, STATS, statsQuery } from "./queries";
import { RunningNow } from "./RunningNow";
import { overviewRoute } from "./route";
import { StateCounts } from "./StateCounts";
import { WaitingReasons } from "./WaitingReasons";
import { Workers } from "./Workers";

/** What is going on now, what went on lately, and what stands in the way. */
export function OverviewPage() {
  const { span = "1h" } = overviewRoute.useSearch();
  const navigate = useNavigate();
  const stats = useQuery(statsQuery);
  useRefreshOnEvents([STATS], (event) => event.kind !== "progress" && event.kind !== "report", 2_000);
  return (
    <Page
      title="Overview"
      actions={
        <SegmentedControl
          size="xs"
          aria-label="Time shown in the charts"
          value={span}
          onChange={(value) => void navigate({ to: "/", search: { span: value as Span }, replace: true })}
          data={Object.entries(SPANS).map(([value, { title }]) => ({ value, label: title }))}
        />
      }
    >
      <QueryStates query={stats}>
        {(data) => (
          <>
            <StateCounts states={data.states} />
            <div className={classes.grid}>
              <div>
                <ThroughputChart span={span} />
                <RunningNow />
                <Failures />
              </div>
              <div>
                <LatencyChart span={span} />
                <WaitingReasons />
                <Pools />
                <Workers />
              </div>
            </div>
          </>
        )}
      </QueryStates>
    </Page>
  );
}
