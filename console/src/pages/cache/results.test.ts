import { expect, it } from "vitest";
import { type Copy, copiesInWords, type Host, keptIn } from "./results";

const HOST = { id: "h1", hostname: "alpha", ip: "10.0.0.1", port: 4000, type: "normal" } as Host;
const COPY = { task_id: "t1", state: "finished", content_length: 1, piece_length: 1 } as Copy;

it("says how much was found", () => {
  expect(copiesInWords([])).toBe("0 copies on 0 hosts");
  expect(copiesInWords([{ host: HOST, copies: [COPY] }])).toBe("1 copy on 1 host");
  const two = { host: HOST, copies: [COPY, { ...COPY, task_id: "t2" }] };
  expect(copiesInWords([two, { ...two, host: { ...HOST, id: "h2" } }])).toBe("4 copies on 2 hosts");
});

it("makes a row of each copy, with a key of its own", () => {
  const holders = [{ host: HOST, copies: [COPY, { ...COPY, task_id: "t2" }] }];
  const rows = keptIn([
    { id: 1, name: "berlin", schedulers: [], holders },
    { id: 2, name: "paris", schedulers: [], holders },
  ]);
  expect(rows.map((row) => `${row.cluster} ${row.copy.task_id}`)).toEqual([
    "berlin t1",
    "berlin t2",
    "paris t1",
    "paris t2",
  ]);
  expect(new Set(rows.map((row) => row.key)).size).toBe(4);
});
