import { expect, it, vi } from "vitest";
import { ShortcutRegistry } from "./shortcuts";

it("runs what was registered last, until that is gone", () => {
  const registry = new ShortcutRegistry();
  const page = vi.fn();
  const dialog = vi.fn();
  registry.register({ keys: "j", description: "", run: page });
  const leave = registry.register({ keys: "j", description: "", run: dialog });
  expect(registry.press("j", 0)).toBe(true);
  leave();
  registry.press("j", 10);
  expect(dialog).toHaveBeenCalledTimes(1);
  expect(page).toHaveBeenCalledTimes(1);
  expect(registry.press("q", 20)).toBe(false);
});

it("takes two keys for one shortcut when they follow one another at once", () => {
  const registry = new ShortcutRegistry();
  const tasks = vi.fn();
  const times = vi.fn();
  registry.register({ keys: "g t", description: "", run: tasks });
  registry.register({ keys: "t", description: "", run: times });
  registry.press("g", 0);
  registry.press("t", 500);
  expect(tasks).toHaveBeenCalledTimes(1);
  expect(times).not.toHaveBeenCalled();
  registry.press("g", 10_000);
  registry.press("t", 12_000);
  expect(tasks).toHaveBeenCalledTimes(1);
  expect(times).toHaveBeenCalledTimes(1);
});
