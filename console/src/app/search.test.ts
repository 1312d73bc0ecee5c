import { expect, it } from "vitest";
import { parseSearch, stringifySearch, textOf, textsOf } from "./search";

it("reads and writes plain parameters", () => {
  const search = parseSearch("?state=failed&state=queued&text=a+b&label=team:x/y");
  expect(search).toEqual({ state: ["failed", "queued"], text: "a b", label: "team:x/y" });
  expect(stringifySearch(search)).toBe("?state=failed&state=queued&text=a+b&label=team:x/y");
});

it("writes nothing for what is not there", () => {
  expect(stringifySearch({ a: undefined, b: "", c: false, d: [], e: null })).toBe("");
  expect(stringifySearch({ roots: true, limit: 0 })).toBe("?roots=true&limit=0");
});

it("gives one or all of what was given", () => {
  expect(textOf({ tab: ["a", "b"] }, "tab")).toBe("a");
  expect(textOf({}, "tab")).toBeUndefined();
  expect(textsOf({ state: "failed" }, "state")).toEqual(["failed"]);
  expect(textsOf({}, "state")).toEqual([]);
});
