import { expect, it, vi } from "vitest";
import { throttled } from "./throttle";

it("acts at once, then once per interval while it is wanted", () => {
  vi.useFakeTimers();
  const action = vi.fn();
  const refresh = throttled(action, 1_000);
  refresh.call();
  refresh.call();
  refresh.call();
  expect(action).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1_000);
  expect(action).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(5_000);
  expect(action).toHaveBeenCalledTimes(2);
  refresh.call();
  refresh.call();
  refresh.stop();
  vi.advanceTimersByTime(5_000);
  expect(action).toHaveBeenCalledTimes(3);
  vi.useRealTimers();
});
