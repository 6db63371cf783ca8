import { describe, expect, test } from "vitest";
import { routes, type Route } from "../../../src/api/routes.ts";

const table: [string, Route][] = Object.entries(routes);

describe("the route table", () => {
  test.each(table)("%s has a schema for each parameter of its path", (_, { path, params }) => {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(new Set(Object.keys(params.shape))).toEqual(new Set(named));
  });

  test("has no operation twice", () => {
    const operations = table.map(([, { method, path }]) => `${method} ${path}`);
    expect(new Set(operations).size).toBe(operations.length);
  });

  test.each(["..", "%2f", "a/b", "a\0b", "", "A"])("takes no namespace or id %j", (text) => {
    expect(routes.getSandbox.params.safeParse({ namespace: text, id: "a" }).success).toBe(false);
    expect(routes.getSandbox.params.safeParse({ namespace: "a", id: text }).success).toBe(false);
  });

  test.each(["..", ".", "a/b", "a\0b", ""])("takes no process %j", (text) => {
    expect(routes.getProcess.params.safeParse({ namespace: "a", id: "a", process: text }).success).toBe(false);
  });

  test("reads query parameters as text", () => {
    expect(routes.listSandboxes.query.parse({ all: "true", limit: "5", tag: "a=b" })).toEqual({
      all: true,
      limit: 5,
      tag: ["a=b"],
    });
    expect(routes.listSandboxes.query.parse({})).toEqual({ all: false, limit: 100 });
    expect(routes.listSandboxes.query.safeParse({ limit: "many" }).success).toBe(false);
    expect(routes.listSandboxes.query.safeParse({ limt: "5" }).success).toBe(false);
    expect(routes.writeStdin.query.safeParse({}).success).toBe(false);
  });
});
