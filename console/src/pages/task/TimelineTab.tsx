import { Group, Switch, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Attempt, Task, TreeNode } from "@/api/types";
import { QueryStates } from "@/parts/PageStates";
import { StateIcon } from "@/states/StateIcon";
import { stateColor } from "@/states/states";
import { duration } from "@/time/format";
import { useNow } from "@/time/now";
import { type AxisPart, axisOf, place, type Stretch } from "./axis";
import { type Forest, walked } from "./forest";
import { attemptsOfQuery } from "./queries";
import classes from "./TimelineTab.module.css";
import { useTaskTree } from "./useTaskTree";

/** When each part of a task waited and ran. */
export function TimelineTab({ task }: { task: Task }) {
  const { tree } = useTaskTree(task);
  return <QueryStates query={tree}>{({ nodes, forest }) => <Timeline nodes={nodes} forest={forest} />}</QueryStates>;
}

const ROW = 30;

function Timeline({ nodes, forest }: { nodes: TreeNode[]; forest: Forest }) {
  const [collapsesGaps, setCollapses] = useState(true);
  const isOpenEnded = nodes.some((node) => node.finished_at === null);
  const tick = useNow();
  const now = isOpenEnded ? tick : 0;
  const rows = useMemo(() => walked(forest), [forest]);
  const [tried, setTried] = useState<ReadonlySet<string>>(new Set());
  const triedNodes = useMemo(() => nodes.filter(({ id }) => tried.has(id)), [nodes, tried]);
  const answers = useQueries({
    queries: triedNodes.map((node) => attemptsOfQuery(node)),
    combine: (results) => results.map(({ data }) => data?.items ?? []),
  });
  const attempts = useMemo(
    () => new Map(triedNodes.map(({ id }, index) => [id, answers[index] ?? []])),
    [triedNodes, answers],
  );
  const axis = useMemo(() => {
    const starts = nodes.map((node) => Date.parse(node.created_at));
    const ends = nodes.map((node) => (node.finished_at ? Date.parse(node.finished_at) : now));
    const span = { from: minimum(starts), to: maximum(ends) };
    return {
      span,
      parts: axisOf(
        span,
        nodes.flatMap((node) => runsOf(node, attempts.get(node.id), now)),
        collapsesGaps,
      ),
    };
  }, [nodes, attempts, now, collapsesGaps]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  const inSight = virtualizer.getVirtualItems().flatMap(({ index }) => rows[index]?.node ?? []);
  useEffect(() => {
    // What was tried again has its attempts read once it is in sight. A step that has folded had one.
    const again = inSight.filter(({ id, attempt, folded }) => attempt > 1 && !folded && !tried.has(id));
    if (again.length > 0) {
      setTried(new Set([...tried, ...again.map(({ id }) => id)]));
    }
  }, [inSight, tried]);
  return (
    <>
      <Group justify="space-between">
        <Group gap="md" className={classes.legend}>
          <span>
            <i className={classes.waited} /> waiting
          </span>
          <span>
            <i style={{ background: stateColor("running") }} /> running
          </span>
          <span>
            <i style={{ background: stateColor("completed") }} /> completed
          </span>
          <span>
            <i style={{ background: stateColor("failed") }} /> failed
          </span>
        </Group>
        <Switch
          size="xs"
          label="Collapse gaps"
          checked={collapsesGaps}
          onChange={(event) => setCollapses(event.currentTarget.checked)}
        />
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <div className={classes.scroller} ref={scroller} tabIndex={0} role="region" aria-label="Timeline">
        <div className={classes.axis}>
          <span className={classes.label} />
          <span className={classes.plot}>
            <AxisLabels parts={axis.parts} span={axis.span} />
          </span>
        </div>
        <div style={{ position: "relative", height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <div key={row.node.id} className={classes.row} style={{ transform: `translateY(${item.start}px)` }}>
                  <span className={classes.label} style={{ paddingLeft: 8 + Math.min(row.depth, 6) * 12 }}>
                    <StateIcon state={row.node.state} size={13} />
                    {row.node.folded ? (
                      <span className={classes.name}>{row.node.name}</span>
                    ) : (
                      <Link to="/tasks/$task" params={{ task: row.node.id }} className={classes.name}>
                        {row.node.name}
                      </Link>
                    )}
                  </span>
                  <span className={classes.plot}>
                    {axis.parts
                      .filter(({ isGap }) => isGap)
                      .map((part) => (
                        <i key={part.from} className={classes.gap} style={across(part.start, part.end)} />
                      ))}
                    <Bars node={row.node} parts={axis.parts} now={now} attempts={attempts.get(row.node.id)} />
                  </span>
                </div>
              )
            );
          })}
        </div>
      </div>
      {isOpenEnded && (
        <Text size="xs" c="var(--faint)">
          What has not ended is drawn up to now.
        </Text>
      )}
    </>
  );
}

interface BarsProps {
  node: TreeNode;
  parts: AxisPart[];
  now: number;
  attempts: Attempt[] | undefined;
}

/** Waiting up to the start, then running; a task that was tried several times shows each attempt, and the waits between. */
function Bars({ node, parts, now, attempts }: BarsProps) {
  const at = (instant: number) => place(parts, instant);
  const created = Date.parse(node.created_at);
  const end = node.finished_at ? Date.parse(node.finished_at) : now;
  const runs = runsOf(node, attempts, now);
  const firstStart = runs[0]?.from ?? end;
  return (
    <>
      <i
        className={classes.waited}
        style={across(at(created), at(runs.length > 1 ? (runs.at(-1)?.from ?? end) : firstStart))}
        title={`waited ${duration(firstStart - created)}`}
      />
      {runs.map((run) => (
        <i
          key={run.from}
          className={classes.ran}
          style={{ ...across(at(run.from), at(run.to)), background: run.color }}
          title={`${run.title}, ${duration(run.to - run.from)}`}
        />
      ))}
    </>
  );
}

function AxisLabels({ parts, span }: { parts: AxisPart[]; span: Stretch }) {
  const shown = parts.filter(({ isGap, start, end }) => !isGap && end - start > 0.08);
  return (
    <>
      {shown.map((part) => (
        <span key={part.from} className={classes.tick} style={{ left: `${part.start * 100}%` }}>
          {part.from === span.from ? "0" : `+${duration(part.from - span.from)}`}
        </span>
      ))}
      <span className={classes.tick} style={{ right: 0 }}>
        +{duration(span.to - span.from)}
      </span>
    </>
  );
}

interface Run extends Stretch {
  color: string;
  title: string;
}

/** When the node ran: each attempt where they are known. Nothing before its start. */
function runsOf(node: TreeNode, attempts: readonly Attempt[] | undefined, now: number): Run[] {
  const end = node.finished_at ? Date.parse(node.finished_at) : now;
  if (attempts && attempts.length > 1) {
    return attempts.map((attempt) => ({
      from: Date.parse(attempt.started_at),
      to: attempt.ended_at ? Date.parse(attempt.ended_at) : end,
      color: stateColor(attempt.error && attempt.ended_at ? "failed" : attempt.state),
      title: `attempt ${attempt.attempt}: ${attempt.state}${attempt.error ? `, ${attempt.error.message}` : ""}`,
    }));
  }
  return node.started_at
    ? [{ from: Date.parse(node.started_at), to: end, color: stateColor(node.state), title: node.state }]
    : [];
}

function across(start: number, end: number) {
  return { left: `${start * 100}%`, width: `max(2px, ${(end - start) * 100}%)` };
}

function minimum(values: number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}

function maximum(values: number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
