/** A stretch of time, in ms. */
export interface Stretch {
  from: number;
  to: number;
}

export interface AxisPart extends Stretch {
  /** Where it is drawn, as shares of the width. */
  start: number;
  end: number;
  /** Nothing ran here, so it is drawn narrow. */
  isGap: boolean;
}

/** A gap is at least this share of all the time. */
const LEAST_GAP = 0.1;
/** How wide a gap is drawn, as a share of the width. */
const GAP_WIDTH = 0.04;

/** The axis of a timeline. With `collapsesGaps` long stretches in which nothing ran are drawn narrow. */
export function axisOf(span: Stretch, busy: readonly Stretch[], collapsesGaps: boolean): AxisPart[] {
  const total = Math.max(span.to - span.from, 1);
  const gaps = collapsesGaps ? idle(span, busy).filter(({ from, to }) => to - from >= total * LEAST_GAP) : [];
  const shown = total - gaps.reduce((sum, { from, to }) => sum + to - from, 0);
  const room = 1 - gaps.length * GAP_WIDTH;
  const parts: AxisPart[] = [];
  let at = span.from;
  let x = 0;
  const add = (to: number, width: number, isGap: boolean) => {
    if (to > at) {
      parts.push({ from: at, to, start: x, end: x + width, isGap });
      x += width;
      at = to;
    }
  };
  for (const gap of gaps) {
    add(gap.from, ((gap.from - at) / Math.max(shown, 1)) * room, false);
    add(gap.to, GAP_WIDTH, true);
  }
  add(Math.max(span.to, span.from + 1), 1 - x, false);
  return parts;
}

/** Where an instant is on the axis, as a share of the width. */
export function place(parts: readonly AxisPart[], instant: number): number {
  const part = parts.find(({ to }) => instant <= to) ?? parts.at(-1);
  if (!part) {
    return 0;
  }
  const share = Math.min(Math.max((instant - part.from) / (part.to - part.from), 0), 1);
  return part.start + share * (part.end - part.start);
}

/** What of the span none of the stretches covers. */
function idle(span: Stretch, busy: readonly Stretch[]): Stretch[] {
  const found: Stretch[] = [];
  let at = span.from;
  for (const { from, to } of [...busy].sort((one, other) => one.from - other.from)) {
    if (from > at) {
      found.push({ from: at, to: Math.min(from, span.to) });
    }
    at = Math.max(at, to);
  }
  if (at < span.to) {
    found.push({ from: at, to: span.to });
  }
  return found;
}
