import { expect, it } from "vitest";
import { niceCeiling, ticks, timeTicks } from "./scale";

it.each([
  [0, 1],
  [0.03, 0.05],
  [1, 1],
  [3, 5],
  [17, 20],
  [51, 100],
  [200, 200],
])("%d ends at %d", (value, ceiling) => {
  expect(niceCeiling(value)).toBeCloseTo(ceiling);
});

it("draws lines at round numbers", () => {
  expect(ticks(20)).toEqual([0, 5, 10, 15, 20]);
  expect(ticks(5)).toEqual([0, 2, 4]);
  expect(ticks(1)).toEqual([0, 0.5, 1]);
});

it("names full hours, not too many", () => {
  const from = Date.UTC(2030, 0, 1, 9, 47);
  const hours = (tick: number) => new Date(tick).toISOString().slice(11, 16);
  expect(timeTicks(from, from + 3_600_000, 6).map(hours)).toEqual([
    "09:50",
    "10:00",
    "10:10",
    "10:20",
    "10:30",
    "10:40",
  ]);
  expect(timeTicks(from, from + 86_400_000, 6).map(hours)).toEqual([
    "12:00",
    "16:00",
    "20:00",
    "00:00",
    "04:00",
    "08:00",
  ]);
});
