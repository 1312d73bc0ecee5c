import { Group, Switch, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { Attempt, Task, TreeNode } from "@/api/types";
import { QueryStates } from "@/parts/PageStates";
import { StateIcon } from "@/states/StateIcon";
import { stateColor } from "@/states/states";
import { duration } from "@/time/format";
import { useNow } from "@/time/now";
import { type AxisPart, axisOf, place, type Stretch } from "./axis";
import { type Forest, visible } from "./forest";
import { attemptsQuery } from "./queries";
import classes from "./TimelineTab.module.css";
import { useTaskTree } from "./useTaskTree";

/** When each part of a task waited and ran. */
export function TimelineTab({ task }: { task: Task }) {
  const { tree } = useTaskTree(task);
  const attempts = useQuery(attemptsQuery(task.id));
  return (
    <QueryStates query={tree}>
      {({ nodes, forest }) => <Timeline nodes={nodes} forest={forest} attempts={attempts.data?.items ?? []} />}
    </QueryStates>
  );
}

const ROW = 30;

function Timeline({ nodes, forest, attempts }: { nodes: TreeNode[]; forest: Forest; attempts: Attempt[] }) {
  const [collapsesGaps, setCollapses] = useState(true);
  const isOpenEnded = nodes.some((node) => node.finished_at === null);
  const tick = useNow();
  const now = isOpenEnded ? tick : 0;
  const rows = useMemo(() => visible(forest, new Set(forest.children.keys())), [forest]);
  const axis = useMemo(() => {
    const starts = nodes.map((node) => Date.parse(node.created_at));
    const ends = nodes.map((node) => (node.finished_at ? Date.parse(node.finished_at) : now));
    const span = { from: minimum(starts), to: maximum(ends) };
    return {
      span,
      parts: axisOf(
        span,
        nodes.flatMap((node) => ran(node, now)),
        collapsesGaps,
      ),
    };
  }, [nodes, now, collapsesGaps]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
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
                    <Bars node={row.node} parts={axis.parts} now={now} attempts={item.index === 0 ? attempts : []} />
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
  attempts: Attempt[];
}

/** Waiting up to the start, then running; a task that was tried several times shows each attempt, and the waits between. */
function Bars({ node, parts, now, attempts }: BarsProps) {
  const at = (instant: number) => place(parts, instant);
  const created = Date.parse(node.created_at);
  const end = node.finished_at ? Date.parse(node.finished_at) : now;
  const runs =
    attempts.length > 1
      ? attempts.map((attempt) => ({
          from: Date.parse(attempt.started_at),
          to: attempt.ended_at ? Date.parse(attempt.ended_at) : end,
          color: stateColor(attempt.error && attempt.ended_at ? "failed" : attempt.state),
          title: `attempt ${attempt.attempt}: ${attempt.state}${attempt.error ? `, ${attempt.error.message}` : ""}`,
        }))
      : ran(node, now).map((stretch) => ({ ...stretch, color: stateColor(node.state), title: node.state }));
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

/** When the node ran: nothing before its start. */
function ran(node: TreeNode, now: number): Stretch[] {
  if (!node.started_at) {
    return [];
  }
  return [{ from: Date.parse(node.started_at), to: node.finished_at ? Date.parse(node.finished_at) : now }];
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
