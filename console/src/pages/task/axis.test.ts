import { expect, it } from "vitest";
import { axisOf, place } from "./axis";

it("is even when gaps are not collapsed", () => {
  const parts = axisOf({ from: 0, to: 100 }, [{ from: 90, to: 100 }], false);
  expect(parts).toHaveLength(1);
  expect(place(parts, 25)).toBeCloseTo(0.25);
  expect(place(parts, -5)).toBe(0);
  expect(place(parts, 500)).toBe(1);
});

it("draws long idle stretches narrow and gives their room to the rest", () => {
  const busy = [
    { from: 900, to: 950 },
    { from: 940, to: 1_000 },
  ];
  const parts = axisOf({ from: 0, to: 1_000 }, busy, true);
  expect(parts.map(({ isGap }) => isGap)).toEqual([true, false]);
  expect(place(parts, 900)).toBeCloseTo(0.04);
  expect(place(parts, 950)).toBeCloseTo(0.52);
  expect(place(parts, 1_000)).toBeCloseTo(1);
});

it("leaves short gaps alone, and those at the end are gaps too", () => {
  const parts = axisOf(
    { from: 0, to: 1_000 },
    [
      { from: 0, to: 100 },
      { from: 150, to: 300 },
    ],
    true,
  );
  expect(parts.map(({ from, to, isGap }) => [from, to, isGap])).toEqual([
    [0, 300, false],
    [300, 1_000, true],
  ]);
  expect(place(parts, 300)).toBeCloseTo(0.96);
});

it("has room for what took no time at all", () => {
  expect(place(axisOf({ from: 5, to: 5 }, [], true), 5)).toBe(0);
});
