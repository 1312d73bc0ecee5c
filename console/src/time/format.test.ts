import { describe, expect, it } from "vitest";
import { absolute, clock, duration, relative, shortDuration } from "./format";

const S = 1_000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;

describe("a duration", () => {
  it.each([
    [-5, "0 ms"],
    [0, "0 ms"],
    [999, "999 ms"],
    [1_040, "1.0 s"],
    [59_900, "59.9 s"],
    [59_990, "1 min"],
    [61 * S, "1 min 1 s"],
    [2 * H, "2 h"],
    [2 * H + 5 * MIN + 9 * S, "2 h 5 min"],
    // The second unit is the one next to the first, or none: seconds beside hours say nothing.
    [2 * H + 9 * S, "2 h"],
    [3 * D + 4 * H, "3 d 4 h"],
  ])("of %d ms", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

it.each([
  [0, "0"],
  [0.02, "20 ms"],
  [1.5, "1.5 s"],
  [100, "100 s"],
  [1_000, "17 min"],
  [50_000, "14 h"],
])("%d s at an axis", (seconds, text) => {
  expect(shortDuration(seconds)).toBe(text);
});

describe("an instant", () => {
  const now = Date.UTC(2030, 0, 31, 14, 5, 9, 42);

  it.each([
    [now, "just now"],
    [now - 30 * S, "30 s ago"],
    [now - 5 * MIN, "5 min ago"],
    [now - 3 * D, "3 d ago"],
    [now + 2 * H, "in 2 h"],
    // What is kept for a week is not kept for six days.
    [now + 7 * D - 5 * S, "in 7 d"],
  ])("seen from now", (instant, text) => {
    expect(relative(instant, now)).toBe(text);
  });

  it("by the clock of a zone", () => {
    expect(absolute(now, "UTC")).toBe("2030-01-31 14:05:09");
    expect(clock(now, "UTC")).toBe("14:05:09");
    expect(clock(now, "UTC", true)).toBe("14:05:09.042");
  });
});
