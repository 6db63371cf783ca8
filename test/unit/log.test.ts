import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { logOptions } from "../../src/log.ts";

/** The line that these fields make. */
function lineOf(fields: object): Record<string, unknown> {
  const lines: string[] = [];
  pino(logOptions, { write: (line: string) => void lines.push(line) }).error(fields, "text");
  return JSON.parse(lines[0] ?? "{}") as Record<string, unknown>;
}

describe("a log line", () => {
  test("has a level by name, an RFC 3339 time and the message", () => {
    expect(lineOf({ key: "a/b" })).toEqual({
      level: "error",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      key: "a/b",
      msg: "text",
    });
  });

  test("tells what an error was caused by", () => {
    const { error } = lineOf({ error: new Error("outer", { cause: new Error("inner") }) });
    expect(error).toMatchObject({ message: "outer: inner", stack: expect.stringContaining("inner") });
  });

  test.each([
    { token: "s3cret" },
    { headers: { authorization: "Bearer s3cret" } },
    { request: { env: { KEY: "s3cret" } } },
    { request: { secretValues: ["s3cret"] } },
    { user: { password: "s3cret" } },
    { data: { key: "s3cret" } },
    { stdin: "s3cret" },
  ])("keeps %j to itself", (fields) => {
    expect(JSON.stringify(lineOf(fields))).not.toContain("s3cret");
  });
});
