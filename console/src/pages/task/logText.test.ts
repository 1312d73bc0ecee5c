import { expect, it } from "vitest";
import type { LogLine } from "@/api/types";
import { fieldText, logFile, wanted } from "./logText";

const line = (members: Partial<LogLine>) =>
  ({
    seq: 1,
    task_id: "task",
    step_id: null,
    at: "2030-01-01T00:00:00Z",
    severity: "info",
    source: "worker",
    message: "read",
    attempt: 1,
    fields: {},
    ...members,
  }) as LogLine;

it("gives the lines of a step, and those with a text", () => {
  const lines = [line({ seq: 1 }), line({ seq: 2, step_id: "s" }), line({ seq: 3, fields: { file: "Disk7" } })];
  const seqs = (step: string, text: string) => wanted(lines, step, text).map(({ seq }) => seq);
  expect(seqs("", "")).toEqual([1, 2, 3]);
  expect(seqs("s", "")).toEqual([2]);
  expect(seqs("task", "")).toEqual([1, 3]);
  expect(seqs("", "disk7")).toEqual([3]);
});

it("writes a line as programs do", () => {
  expect(fieldText(line({ fields: { offset: 48, file: "a b", on: true } }))).toBe('offset=48 file="a b" on=true');
  expect(logFile([line({}), line({ severity: "warning", message: "slow", fields: { ms: 5 } })])).toBe(
    "2030-01-01T00:00:00Z info    [worker] read\n2030-01-01T00:00:00Z warning [worker] slow ms=5\n",
  );
});
