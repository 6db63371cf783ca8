import { EventEmitter } from "node:events";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type LineOutput, logOptions, together } from "../../src/log.ts";

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

/** Writes what it has at a flush, unless it is writing already; a write takes until `finish`. */
class SlowOutput extends EventEmitter implements LineOutput {
  readonly written: string[] = [];
  #buffered = "";
  #writing: string | undefined;

  write(line: string): void {
    this.#buffered += line;
  }

  flush(): void {
    if (this.#writing !== undefined) return;
    [this.#writing, this.#buffered] = [this.#buffered, ""];
  }

  finish(): void {
    const octets = this.#writing ?? "";
    this.#writing = undefined;
    this.written.push(octets);
    this.emit("write", Buffer.byteLength(octets));
    this.emit("drain");
  }
}

describe("lines that are written together", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("are all written, also those that come while others are on their way, and nothing else is", () => {
    const output = new SlowOutput();
    const lines = together(output, 20);
    lines.write("ä\n");
    lines.write("b\n");
    vi.advanceTimersByTime(20);
    lines.write("c\n");
    vi.advanceTimersByTime(20);
    output.finish();
    expect(output.written).toEqual(["ä\nb\n"]);
    vi.advanceTimersByTime(20);
    output.finish();
    expect(output.written).toEqual(["ä\nb\n", "c\n"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
