import { describe, expect, it } from "vitest";
import { argsOf, entriesOf, fieldsOf, initialEntries, type Schema } from "./schema";

const SCHEMA: Schema = {
  type: "object",
  required: ["title", "height"],
  properties: {
    title: { type: "string", description: "What it is called" },
    height: { type: "integer", minimum: 1 },
    style: { enum: ["plain", "loud"], default: "plain" },
    password: { type: "string", default: "" },
    urgent: { type: "boolean", default: false },
    speed: { anyOf: [{ type: "number" }, { type: "null" }], default: null },
    paths: { type: "array", items: { type: "string" }, default: [] },
    sizes: { type: "array", items: { $ref: "#/$defs/Size" }, default: [] },
    what: { $ref: "#/$defs/What" },
    mixed: { anyOf: [{ type: "string" }, { type: "integer" }] },
  },
  $defs: { Size: { type: "integer" }, What: { type: "object", properties: { url: { type: "string" } } } },
};

describe("the fields of a schema", () => {
  const fields = fieldsOf(SCHEMA);

  it("are of the kind that people can enter", () => {
    expect(Object.fromEntries(fields.map(({ name, kind }) => [name, kind]))).toEqual({
      title: "text",
      height: "number",
      style: "choice",
      password: "text",
      urgent: "flag",
      speed: "number",
      paths: "list",
      sizes: "list",
      what: "json",
      mixed: "json",
    });
    expect(fields.filter((field) => field.isRequired).map(({ name }) => name)).toEqual(["title", "height"]);
    expect(fields.filter((field) => field.isSecret).map(({ name }) => name)).toEqual(["password"]);
  });

  it("begin with the defaults", () => {
    expect(initialEntries(fields)).toMatchObject({ title: "", style: "plain", urgent: false, speed: "", paths: "" });
  });

  it("become the arguments, without what is empty", () => {
    const entries = {
      ...initialEntries(fields),
      title: "Dune",
      height: "720",
      speed: "1.5",
      paths: "/a\n\n /b ",
      sizes: "1\n2",
      what: '{"url": "x"}',
    };
    expect(argsOf(fields, entries)).toEqual({
      title: "Dune",
      height: 720,
      style: "plain",
      urgent: false,
      speed: 1.5,
      paths: ["/a", "/b"],
      sizes: [1, 2],
      what: { url: "x" },
    });
  });

  it("show arguments that are known", () => {
    const args = { title: "Dune", paths: ["/a", "/b"], what: { url: "x" }, urgent: true };
    const entries = entriesOf(fields, args);
    expect(argsOf(fields, entries)).toMatchObject(args);
  });

  it.each([
    ["height", "many", "is not a number"],
    ["what", "{", "is not JSON"],
  ])("refuse for %s what is not of its kind", (name, entry, problem) => {
    expect(() => argsOf(fields, { title: "x", [name]: entry })).toThrow(problem);
  });
});
