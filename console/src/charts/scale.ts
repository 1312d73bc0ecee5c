/** A round number not below `value`, so that an axis ends with it: 1, 2, 5 times a power of ten. */
export function niceCeiling(value: number): number {
  if (value <= 0) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((step) => step * power >= value * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Where the lines of an axis from 0 to `top` stand: three or four, at round numbers. */
export function ticks(top: number): number[] {
  const step = niceCeiling(top / 4);
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, index) => index * step);
}

const STEPS_MINUTES = [5, 10, 15, 30, 60, 120, 180, 240, 360, 720];

/** The instants to name on an axis of time: full hours or parts of them, `most` at most. In ms, by the clock of UTC. */
export function timeTicks(fromMs: number, toMs: number, most: number): number[] {
  const minutes = (toMs - fromMs) / 60_000;
  const step = (STEPS_MINUTES.find((size) => minutes / size <= most) ?? 1_440) * 60_000;
  const found: number[] = [];
  for (let instant = Math.ceil(fromMs / step) * step; instant <= toMs; instant += step) {
    found.push(instant);
  }
  return found;
}
