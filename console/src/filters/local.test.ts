import { expect, it } from "vitest";
import { fitting, type LocalField, parseFilters } from "./local";

interface Row {
  name: string;
  state: string;
  queues: string[];
}

const FIELDS: readonly LocalField<Row>[] = [
  { name: "state", description: "", isRepeated: true, valuesOf: (row) => [row.state] },
  { name: "queue", description: "", valuesOf: (row) => row.queues },
  { name: "text", description: "", textOf: (row) => row.name },
];
const ROWS: Row[] = [
  { name: "Anna", state: "online", queues: ["a", "b"] },
  { name: "Bert", state: "lost", queues: ["b"] },
  { name: "Cora", state: "gone", queues: [] },
];

it.each([
  [[], "Anna Bert Cora"],
  [[["state", "online"]], "Anna"],
  [
    [
      ["state", "online"],
      ["state", "lost"],
    ],
    "Anna Bert",
  ],
  [[["queue", "b"]], "Anna Bert"],
  [
    [
      ["queue", "b"],
      ["text", "BER"],
    ],
    "Bert",
  ],
  [[["unknown", "x"]], "Anna Bert Cora"],
])("finds the rows that fit %j", (conditions, names) => {
  const wanted = conditions.map(([name = "", value = ""]) => ({ name, value }));
  expect(
    fitting(ROWS, FIELDS, wanted)
      .map((row) => row.name)
      .join(" "),
  ).toBe(names);
});

it("reads what an address says of the fields, and nothing else", () => {
  expect(parseFilters(FIELDS)({ state: "lost", queue: ["a", "b"], other: "x" })).toEqual({
    state: ["lost"],
    queue: "a",
    text: undefined,
  });
});
