import { expect, it } from "vitest";
import { namesIn, parseWanted, subjectOf, whatOf } from "./wanted";

it("makes what is wanted of what was entered", () => {
  expect(whatOf({ url: "https://example.org/f" })).toEqual({ url: "https://example.org/f" });
  expect(
    whatOf({ by: "url", url: "https://example.org/f", tag: "t", piece_length: "4194304", filtered: "a&b, c" }),
  ).toEqual({
    url: "https://example.org/f",
    tag: "t",
    piece_length: 4_194_304,
    filtered_query_params: ["a", "b", "c"],
  });
  // What belongs to another way of naming stays out.
  expect(whatOf({ by: "task_id", task_id: "abc", tag: "t", url: "https://example.org" })).toEqual({ task_id: "abc" });
  expect(whatOf({ by: "content", content: "text" })).toEqual({ content: "text" });
});

it("reads an address", () => {
  expect(parseWanted({ by: "task_id", task_id: "abc", task: "17", other: "x" })).toMatchObject({
    by: "task_id",
    task_id: "abc",
    task: "17",
    url: undefined,
  });
  expect(parseWanted({ by: "nonsense" }).by).toBeUndefined();
});

it("names what a task was about", () => {
  expect(subjectOf({ what: { url: "https://a/f" } })).toBe("https://a/f");
  expect(subjectOf({ what: { url: "", task_id: "abc", content: null } })).toBe("abc");
  expect(subjectOf({ image: { url: "https://r/m" } })).toBe("https://r/m");
  expect(subjectOf({ what: { urls: ["a", "b"] } })).toBe("a, b");
  expect(subjectOf({ clusters: [] })).toBe("");
  expect(namesIn(" a,b&c  d ")).toEqual(["a", "b", "c", "d"]);
});
