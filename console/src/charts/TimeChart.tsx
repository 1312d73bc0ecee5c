import { useElementSize } from "@mantine/hooks";
import { type PointerEvent, type ReactNode, useState } from "react";
import { clock } from "@/time/format";
import { useTimePreference } from "@/time/preference";
import { niceCeiling, ticks, timeTicks } from "./scale";
import classes from "./TimeChart.module.css";

export interface ChartSeries {
  key: string;
  title: string;
  color: string;
  /** A line of dashes, beside a full one of the same colour. */
  isDashed?: boolean;
}

export interface ChartPoint {
  /** Where its stretch of time begins. */
  atMs: number;
  /** By the keys of the series; null where there was nothing to measure. */
  values: Record<string, number | null>;
}

interface TimeChartProps {
  label: string;
  series: ChartSeries[];
  points: ChartPoint[];
  stepMs: number;
  /** Bars on top of one another, or lines beside one another. */
  kind: "bars" | "lines";
  format: (value: number) => string;
}

const HEIGHT = 168;
const LEFT = 48;
const RIGHT = 4;
const TOP = 8;
const BOTTOM = 22;

/** What happened over time, with the numbers of the point under the pointer. */
export function TimeChart({ label, series, points, stepMs, kind, format }: TimeChartProps) {
  const { ref, width } = useElementSize();
  const [{ zone }] = useTimePreference();
  const [hovered, setHovered] = useState<number | null>(null);
  const first = points[0]?.atMs ?? 0;
  const last = (points.at(-1)?.atMs ?? 0) + stepMs;
  const plotWidth = Math.max(width - LEFT - RIGHT, 0);
  const x = (atMs: number) => LEFT + ((atMs - first) / Math.max(last - first, 1)) * plotWidth;
  const heights = points.map(({ values }) => {
    const numbers = series.map(({ key }) => values[key] ?? 0);
    return kind === "bars" ? numbers.reduce((sum, value) => sum + value, 0) : Math.max(...numbers, 0);
  });
  // Counts are whole, and so are the lines between them.
  const top = niceCeiling(Math.max(...heights, kind === "bars" ? 4 : 0));
  const y = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const barWidth = Math.max(plotWidth / Math.max(points.length, 1), 1);

  const onPointer = (event: PointerEvent<SVGSVGElement>) => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT;
    const index = Math.floor((left / Math.max(plotWidth, 1)) * points.length);
    setHovered(index >= 0 && index < points.length ? index : null);
  };
  const chosen = hovered === null ? undefined : points[hovered];
  return (
    <div className={classes.chart} ref={ref}>
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`${label}: ${spoken(series, points, format)}`}
          onPointerMove={onPointer}
          onPointerLeave={() => setHovered(null)}
        >
          {ticks(top).map((value) => (
            <g key={value}>
              <line x1={LEFT} x2={width - RIGHT} y1={y(value)} y2={y(value)} className={classes.grid} />
              <text x={LEFT - 8} y={y(value) + 4} textAnchor="end" className={classes.tick}>
                {format(value)}
              </text>
            </g>
          ))}
          {timeTicks(first, last, width / 90).map((instant) => (
            <text key={instant} x={x(instant)} y={HEIGHT - 5} textAnchor="middle" className={classes.tick}>
              {clock(instant, zone).slice(0, 5)}
            </text>
          ))}
          {chosen && (
            <rect
              x={x(chosen.atMs)}
              y={TOP}
              width={barWidth}
              height={HEIGHT - TOP - BOTTOM}
              className={classes.chosen}
            />
          )}
          {kind === "bars"
            ? points.map((point) => (
                <Bar key={point.atMs} point={point} series={series} x={x(point.atMs)} width={barWidth} y={y} />
              ))
            : series.map((one) => (
                <Line key={one.key} series={one} points={points} x={(atMs) => x(atMs) + barWidth / 2} y={y} />
              ))}
        </svg>
      )}
      <Legend series={series}>
        {chosen && (
          <>
            <span className={classes.at}>{clock(chosen.atMs, zone).slice(0, 5)}</span>
            {series.map(({ key, title }) => (
              <span key={key} className={classes.value}>
                {title} <b>{format(chosen.values[key] ?? 0)}</b>
              </span>
            ))}
          </>
        )}
      </Legend>
    </div>
  );
}

interface BarProps {
  point: ChartPoint;
  series: ChartSeries[];
  x: number;
  width: number;
  y: (value: number) => number;
}

function Bar({ point, series, x, width, y }: BarProps) {
  let below = 0;
  const gap = width > 4 ? 1 : 0;
  return series.map(({ key, color }) => {
    const value = point.values[key] ?? 0;
    if (value === 0) {
      return null;
    }
    const from = y(below);
    below += value;
    return (
      <rect
        key={key}
        x={x + gap / 2}
        width={width - gap}
        y={y(below)}
        height={from - y(below)}
        style={{ fill: color }}
      />
    );
  });
}

interface LineProps {
  series: ChartSeries;
  points: ChartPoint[];
  x: (atMs: number) => number;
  y: (value: number) => number;
}

function Line({ series, points, x, y }: LineProps) {
  let isOpen = false;
  let path = "";
  const alone: ChartPoint[] = [];
  points.forEach((point, index) => {
    const value = point.values[series.key];
    if (value === null || value === undefined) {
      isOpen = false;
      return;
    }
    path += `${isOpen ? "L" : "M"}${x(point.atMs).toFixed(1)} ${y(value).toFixed(1)}`;
    const next = points[index + 1]?.values[series.key];
    if (!isOpen && (next === null || next === undefined)) {
      alone.push(point);
    }
    isOpen = true;
  });
  return (
    <g>
      <path
        d={path}
        fill="none"
        strokeWidth={1.75}
        strokeDasharray={series.isDashed ? "4 3" : undefined}
        style={{ stroke: series.color }}
      />
      {alone.map((point) => (
        <circle
          key={point.atMs}
          cx={x(point.atMs)}
          cy={y(point.values[series.key] ?? 0)}
          r={2.5}
          style={{ fill: series.color }}
        />
      ))}
    </g>
  );
}

function Legend({ series, children }: { series: ChartSeries[]; children: ReactNode }) {
  return (
    <div className={classes.legend}>
      {children ||
        series.map(({ key, title, color, isDashed }) => (
          <span key={key} className={classes.entry}>
            <span className={classes.swatch} data-dashed={isDashed || undefined} style={{ color }} />
            {title}
          </span>
        ))}
    </div>
  );
}

/** The newest numbers, for whoever does not see the picture. */
function spoken(series: ChartSeries[], points: ChartPoint[], format: (value: number) => string): string {
  const newest = points.at(-1);
  return newest
    ? `now ${series.map(({ key, title }) => `${title} ${format(newest.values[key] ?? 0)}`).join(", ")}`
    : "";
}
