import { useQuery } from "@tanstack/react-query";
import type { SeriesPoint } from "@/api/types";
import { type ChartSeries, TimeChart } from "@/charts/TimeChart";
import { short } from "@/parts/numbers";
import { QueryStates } from "@/parts/PageStates";
import { Panel } from "@/parts/Panel";
import { stateColor } from "@/states/states";
import { shortDuration } from "@/time/format";
import { SPANS, type Span, seriesQuery } from "./queries";

const ENDED: ChartSeries[] = [
  { key: "completed", title: "completed", color: stateColor("completed") },
  { key: "failed", title: "failed", color: stateColor("failed") },
  { key: "canceled", title: "canceled", color: stateColor("canceled") },
];

const LASTED: ChartSeries[] = [
  { key: "run50", title: "run p50", color: stateColor("running") },
  { key: "run95", title: "run p95", color: stateColor("running"), isDashed: true },
  { key: "wait50", title: "wait p50", color: stateColor("blocked") },
  { key: "wait95", title: "wait p95", color: stateColor("blocked"), isDashed: true },
];

/** How many tasks ended, and how. */
export function ThroughputChart({ span }: { span: Span }) {
  return (
    <FlowChart
      title={`Ended per ${stepName(span)}`}
      span={span}
      series={ENDED}
      kind="bars"
      format={short}
      values={({ completed, failed, canceled, skipped }) => ({ completed, failed, canceled: canceled + skipped })}
    />
  );
}

/** How long tasks waited for their start, and ran. */
export function LatencyChart({ span }: { span: Span }) {
  return (
    <FlowChart
      title="Time running and waiting"
      span={span}
      series={LASTED}
      kind="lines"
      format={shortDuration}
      values={({ run, wait }) => ({
        run50: run?.p50_seconds ?? null,
        run95: run?.p95_seconds ?? null,
        wait50: wait?.p50_seconds ?? null,
        wait95: wait?.p95_seconds ?? null,
      })}
    />
  );
}

interface FlowChartProps {
  title: string;
  span: Span;
  series: ChartSeries[];
  kind: "bars" | "lines";
  format: (value: number) => string;
  values: (point: SeriesPoint) => Record<string, number | null>;
}

function FlowChart({ title, span, series, kind, format, values }: FlowChartProps) {
  const query = useQuery(seriesQuery(span));
  return (
    <Panel title={title}>
      <QueryStates query={query}>
        {(data) => (
          <TimeChart
            label={title}
            series={series}
            kind={kind}
            format={format}
            stepMs={data.step_seconds * 1_000}
            points={data.items.map((point) => ({ atMs: Date.parse(point.at), values: values(point) }))}
          />
        )}
      </QueryStates>
    </Panel>
  );
}

function stepName(span: Span): string {
  const minutes = SPANS[span].stepSeconds / 60;
  return minutes === 1 ? "minute" : `${minutes} minutes`;
}
