import { describe, expect, test } from "vitest";
import { describeIssues } from "../../../src/api/parse.ts";
import { execFrameSchema, execSchema, startProcessSchema } from "../../../src/api/process.ts";

describe("the body that starts a process", () => {
  test("takes every member", () => {
    const body = {
      id: "build.1",
      command: ["make", "-j", "2"],
      env: { CI: "1" },
      workdir: "/srv",
      timeoutMilliseconds: 1000,
      tty: { rows: 24, columns: 80 },
      secrets: ["keys"],
      secretValues: { TOKEN: "x" },
    };
    expect(startProcessSchema.parse(body)).toEqual(body);
    expect(execSchema.parse({ ...body, stdin: "aGk=" })).toEqual({ ...body, stdin: "aGk=" });
  });

  test("asks for a terminal of 24 rows and 80 columns unless it says otherwise", () => {
    const { tty } = startProcessSchema.parse({ command: ["sh"], tty: {} });
    expect(tty).toEqual({ rows: 24, columns: 80 });
  });

  test.each([
    ["no command", {}, "command: "],
    ["an empty command", { command: [] }, "command: Too small"],
    ["a command of a megabyte", { command: ["x".repeat(1_048_576)] }, "command: must not exceed 65536 characters"],
    ["the entrypoint's id", { id: "entrypoint", command: ["a"] }, `id: "entrypoint" is the sandbox's own process`],
    ["an id that is a path", { id: "../a", command: ["a"] }, "id: must be letters"],
    ["a relative directory", { command: ["a"], workdir: "srv" }, "workdir: must be an absolute path"],
    ["a variable without a name", { command: ["a"], env: { "1": "x" } }, "env.1: "],
    ["a variable with = in its name", { command: ["a"], env: { "A=B": "x" } }, "env.A=B: "],
    ["a secret value without a name", { command: ["a"], secretValues: { "": "x" } }, "secretValues."],
    ["half a surrogate pair", { command: ["a", "\ud800"] }, "command: must be Unicode text"],
    ["half a surrogate pair in a variable", { command: ["a"], env: { A: "\udc00" } }, "env.A: must be Unicode text"],
    ["half a surrogate pair in a directory", { command: ["a"], workdir: "/\ud800" }, "workdir: must be Unicode text"],
    ["a directory with a NUL", { command: ["a"], workdir: "/a\0" }, "workdir: must be an absolute path"],
    ["a terminal without rows", { command: ["a"], tty: { rows: 0 } }, "tty.rows: Too small"],
    ["a terminal beyond any", { command: ["a"], tty: { columns: 65_536 } }, "tty.columns: Too big"],
    ["a huge time", { command: ["a"], timeoutMilliseconds: 1e300 }, "timeoutMilliseconds: "],
    ["a part of a millisecond", { command: ["a"], timeoutMilliseconds: 1.5 }, "timeoutMilliseconds: "],
    ["two thousand arguments", { command: Array(2000).fill("a") }, "command: Too big"],
    ["a Secret that has no name", { command: ["a"], secrets: ["../a"] }, "secrets[0]: "],
    ["an unknown member", { command: ["a"], shell: true }, 'Unrecognized key: "shell"'],
    ["no time", { command: ["a"], timeoutMilliseconds: 0 }, "timeoutMilliseconds: Too small"],
  ])("is refused with %s", (_, body, message) => {
    const result = startProcessSchema.safeParse(body);
    expect(result.error && describeIssues(result.error)).toContainEqual(expect.stringContaining(message));
  });
});

test.each([
  [{ process: "p1" }],
  [{ stream: "stdout", offset: 0, data: "aGk=" }],
  [{ exit: { code: 0, signal: null, timedOut: false } }],
])("%j is a frame of exec", (frame) => {
  expect(execFrameSchema.parse(frame)).toEqual(frame);
});
