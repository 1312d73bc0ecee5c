import { describe, expect, it } from "vitest";
import { completions, conditionsOf, type FilterField, parseCondition, searchOf, withCondition } from "./fields";

const FIELDS: FilterField[] = [
  { name: "state", description: "In this state", isRepeated: true, values: ["queued", "failed", "completed"] },
  { name: "text", description: "With this text" },
  { name: "label", description: "With this label", isRepeated: true, example: "label:a:b" },
  { name: "roots", description: "Roots only", isFlag: true },
];

describe("a typed condition", () => {
  it.each([
    ["state:failed", { name: "state", value: "failed" }],
    ["label:team:storage", { name: "label", value: "team:storage" }],
    ["roots", { name: "roots", value: "true" }],
    [" disk 7 ", { name: "text", value: "disk 7" }],
    // A name that no field has is a text to look for.
    ["http://x", { name: "text", value: "http://x" }],
  ])("%s", (typed, expected) => {
    expect(parseCondition(FIELDS, typed)).toEqual(expected);
  });

  it.each(["", "  ", "state:"])("%j is none yet", (typed) => {
    expect(parseCondition(FIELDS, typed)).toBeUndefined();
  });
});

describe("conditions", () => {
  it("stand in the address and come back from it", () => {
    const conditions = [
      { name: "state", value: "failed" },
      { name: "state", value: "queued" },
      { name: "text", value: "disk" },
      { name: "roots", value: "true" },
    ];
    const search = searchOf(FIELDS, conditions);
    expect(search).toEqual({ state: ["failed", "queued"], text: "disk", label: undefined, roots: "true" });
    expect(conditionsOf(FIELDS, search)).toEqual(conditions);
  });

  it("replace what they exclude and join what they can stand beside", () => {
    const first = withCondition(FIELDS, [{ name: "text", value: "a" }], { name: "text", value: "b" });
    expect(first).toEqual([{ name: "text", value: "b" }]);
    const both = withCondition(FIELDS, [{ name: "state", value: "failed" }], { name: "state", value: "queued" });
    expect(both).toHaveLength(2);
    expect(withCondition(FIELDS, both, { name: "state", value: "queued" })).toHaveLength(2);
  });
});

describe("completion", () => {
  const texts = (typed: string) => completions(FIELDS, typed).map(({ text }) => text);

  it("offers every name before anything is typed", () => {
    expect(texts("")).toEqual(["state:", "text:", "label:", "roots"]);
  });

  it("offers names and values that begin or hold what is typed", () => {
    expect(texts("st")).toEqual(["state:"]);
    expect(texts("fail")).toEqual(["state:failed"]);
  });

  it("offers the values of a name", () => {
    expect(texts("state:")).toEqual(["state:queued", "state:failed", "state:completed"]);
    expect(texts("state:ed")).toEqual(["state:queued", "state:failed", "state:completed"]);
    expect(texts("state:q")).toEqual(["state:queued"]);
    expect(texts("text:x")).toEqual([]);
  });
});
