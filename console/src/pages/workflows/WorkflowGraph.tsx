import { IconArrowsSplit2, IconBox, IconClockHour4, IconHierarchy, IconWorldWww } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { StepNode } from "@/api/types";
import { StateIcon } from "@/states/StateIcon";
import { stateColor } from "@/states/states";
import { drawingOf, NODE_HEIGHT, NODE_WIDTH, type Placed } from "./layout";
import classes from "./WorkflowGraph.module.css";

const KINDS: Record<string, typeof IconBox> = {
  run: IconBox,
  call: IconHierarchy,
  request: IconWorldWww,
  wait: IconClockHour4,
};

/** The steps of a workflow, from left to right by what they need; those of a job in the colours of their states. */
export function WorkflowGraph({ steps, label }: { steps: readonly StepNode[]; label: string }) {
  const drawing = drawingOf(steps);
  const isOver = new Set(steps.filter((step) => step.state === "completed").map((step) => step.name));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too
    <div className={classes.scroller} tabIndex={0} role="region" aria-label={`${label}, scrollable`}>
      <div className={classes.drawing} style={{ width: drawing.width, height: drawing.height }}>
        <svg width={drawing.width} height={drawing.height} className={classes.lines} aria-hidden="true">
          {drawing.edges.map((edge) => (
            <path key={`${edge.from} ${edge.to}`} d={edge.path} data-over={isOver.has(edge.from) || undefined} />
          ))}
        </svg>
        <ol className={classes.nodes} aria-label={label}>
          {drawing.nodes.map((node) => (
            <Step key={node.step.name} node={node} />
          ))}
        </ol>
      </div>
    </div>
  );
}

function Step({ node: { step, x, y } }: { node: Placed }) {
  const Kind = KINDS[step.kind] ?? IconBox;
  const facts = [
    step.description,
    step.needs.length > 0 ? `after ${step.needs.join(", ")}` : "at the beginning",
    step.when && `when ${step.when}`,
    step.for_each && `for each of ${step.for_each}`,
    step.queue && `in queue ${step.queue}`,
  ].filter(Boolean);
  const tasks = step.tasks ?? [];
  const [task] = tasks;
  const note =
    step.state ?? (step.on_failure ? "on failure" : step.for_each ? "for each" : step.when ? "if" : step.kind);
  const content = (
    <>
      <Kind size={17} stroke={1.7} aria-hidden />
      <span className={classes.words}>
        <b>{step.name}</b>
        <span style={step.state ? { color: stateColor(step.state) } : undefined}>
          {step.state && <StateIcon state={step.state} size={12} />}
          {tasks.length > 1 ? `${note} · ${tasks.length} tasks` : note}
        </span>
      </span>
      {step.for_each && <IconArrowsSplit2 size={14} aria-hidden className={classes.each} />}
    </>
  );
  const style = {
    left: x,
    top: y,
    width: NODE_WIDTH,
    height: NODE_HEIGHT,
    borderInlineStartColor: step.state ? stateColor(step.state) : undefined,
  };
  const marks = {
    className: classes.node,
    style,
    title: facts.join("\n"),
    "data-failure": step.on_failure || undefined,
  };
  return (
    <li>
      {task ? (
        <Link to="/tasks/$task" params={{ task }} {...marks}>
          {content}
        </Link>
      ) : (
        <div {...marks}>{content}</div>
      )}
    </li>
  );
}
