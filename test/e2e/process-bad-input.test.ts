import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runtimes } from "./runtimes.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

const setUp = `
  mkdir /tmp/bad && cd /tmp/bad && mkdir deleted && rmdir deleted
  echo text > plain
  printf '\\177ELF nonsense' > no-format && echo '#!/nowhere/sh' > no-interpreter && chmod +x no-format no-interpreter`;

type Refused = [what: string, body: unknown, code: string, message: RegExp];

const starts: Refused[] = [
  ["no command", {}, "invalid_argument", /command/],
  ["an empty program", { command: [""] }, "invalid_argument", /must name a program/],
  ["a NUL in an argument", { command: ["echo", "a\0b"] }, "invalid_argument", /command\[1\] contains a NUL/],
  ["half a surrogate pair", { command: ["echo", "\ud800"] }, "invalid_argument", /Unicode/],
  ["octets that are not UTF-8", invalidUtf8(), "invalid_argument", /not UTF-8/],
  ["two thousand arguments", { command: Array(2000).fill("x") }, "invalid_argument", /command/],
  ["a million arguments", { command: Array(1_000_000).fill("x") }, "file_too_large", /1 MiB/],
  ["a variable with = in its name", { command: ["true"], env: { "A=B": "c" } }, "invalid_argument", /A=B/],
  ["a variable without a name", { command: ["true"], env: { "": "c" } }, "invalid_argument", /env/],
  ["a NUL in a variable", { command: ["true"], env: { A: "b\0" } }, "invalid_argument", /"A" contains a NUL/],
  [
    "a NUL in a secret value",
    { command: ["true"], secretValues: { A: "b\0" } },
    "invalid_argument",
    /"A" contains a NUL/,
  ],
  [
    "more than a variable can hold",
    { command: ["true"], env: { A: "x".repeat(131_072) } },
    "invalid_argument",
    /too long for the system/,
  ],
  ["a relative directory", { command: ["true"], workdir: "tmp" }, "invalid_argument", /absolute path/],
  ["a directory with a NUL", { command: ["true"], workdir: "/a\0" }, "invalid_argument", /absolute path/],
  [
    "a directory of 5,000 octets",
    { command: ["true"], workdir: `/${"x".repeat(5000)}` },
    "invalid_argument",
    /workdir/,
  ],
  [
    "a directory of 3,000 octets",
    { command: ["true"], workdir: `/${"x".repeat(3000)}` },
    "invalid_argument",
    /too long/,
  ],
  ["no such directory", { command: ["true"], workdir: "/nowhere" }, "not_found", /"\/nowhere" does not exist/],
  ["a deleted directory", { command: ["true"], workdir: "/tmp/bad/deleted" }, "not_found", /does not exist/],
  ["a file for a directory", { command: ["true"], workdir: "/tmp/bad/plain" }, "invalid_argument", /not a directory/],
  ["a program that is nowhere", { command: ["nonesuch"] }, "not_found", /not found in \$PATH/],
  ["a path that is nowhere", { command: ["/nowhere/program"] }, "not_found", /no such file/],
  ["a file that is not executable", { command: ["/tmp/bad/plain"] }, "permission_denied", /not executable/],
  ["a directory for a program", { command: ["/tmp/bad"] }, "permission_denied", /is a directory/],
  ["a file of no format", { command: ["/tmp/bad/no-format"] }, "invalid_argument", /exec format error/],
  ["a script without its shell", { command: ["/tmp/bad/no-interpreter"] }, "not_found", /\/nowhere\/sh/],
  ["a negative time", { command: ["true"], timeoutMilliseconds: -1 }, "invalid_argument", /timeoutMilliseconds/],
  ["a huge time", { command: ["true"], timeoutMilliseconds: 1e300 }, "invalid_argument", /timeoutMilliseconds/],
  ["a terminal without rows", { command: ["true"], tty: { rows: 0 } }, "invalid_argument", /tty/],
  ["an id that is a path", { id: "../a", command: ["true"] }, "invalid_argument", /id/],
  ["the entrypoint's id", { id: "entrypoint", command: ["true"] }, "invalid_argument", /sandbox's own process/],
];

type Asked = [what: string, method: "GET" | "POST" | "PUT", path: string, body: unknown, status: number, code: string];

const asked: Asked[] = [
  ["a process that is not there", "GET", "none", undefined, 404, "not_found"],
  ["a negative offset", "GET", "p/stdout?offset=-1", undefined, 400, "invalid_argument"],
  ["a huge offset", "GET", "p/stdout?offset=1e300", undefined, 400, "invalid_argument"],
  ["an offset that is no number", "GET", "p/stderr?offset=x", undefined, 400, "invalid_argument"],
  ["a negative wait", "GET", "p/exit?wait=-1", undefined, 400, "invalid_argument"],
  ["a huge wait", "GET", "p/exit?wait=1e300", undefined, 400, "invalid_argument"],
  ["input at a negative offset", "PUT", "p/stdin?offset=-1", "x", 400, "invalid_argument"],
  ["input behind a gap", "PUT", "p/stdin?offset=9007199254740991", "x", 409, "conflict"],
  ["input without an offset", "PUT", "p/stdin", "x", 400, "invalid_argument"],
  ["no signal", "POST", "p/signal", { signal: "TERM" }, 400, "invalid_argument"],
  ["a signal there is not", "POST", "p/signal", { signal: "SIGNONE" }, 400, "invalid_argument"],
  ["a size for no terminal", "POST", "p/resize", { rows: 1, columns: 1 }, 412, "failed_precondition"],
  ["a size of nothing", "POST", "p/resize", { rows: 0, columns: 1 }, 400, "invalid_argument"],
];

describe.each(runtimes)("under %s", (_runtime, inClass) => {
  let processes: string;
  let exec: string;
  beforeAll(async () => {
    const spec = { ...small, ...inClass, image: "busybox:stable" };
    const { id } = await tenant.gateway.create({ spec }, "started");
    processes = `/sandboxes/${id}/processes`;
    exec = `/sandboxes/${id}/exec`;
    expect(await tenant.gateway.exec(id, { command: ["sh", "-ec", setUp] })).toMatchObject({ code: 0, stderr: "" });
    await tenant.gateway.send("POST", processes, { id: "p", command: ["sleep", "1000"] });
  });

  test.each(starts)("a process with %s is refused, and nothing starts", async (_what, body, code, message) => {
    const before = (await tenant.gateway.send("GET", processes)).json;
    for (const path of [exec, processes]) {
      const { json } = await tenant.gateway.send("POST", path, body);
      expect(json).toMatchObject({
        code,
        resource: expect.stringMatching(/^(request|process)$/),
        message: expect.stringMatching(message),
      });
    }
    expect((await tenant.gateway.send("GET", processes)).json).toEqual(before);
  });

  test.each(asked)("%s is refused", async (_what, method, path, body, status, code) => {
    const answer = await tenant.gateway.send(method, `${processes}/${path}`, body);
    expect(answer).toMatchObject({ status, json: { code, message: expect.any(String) } });
  });
});

function invalidUtf8(): Buffer {
  return Buffer.concat([Buffer.from('{"command":["echo","'), Buffer.of(0xff, 0xfe), Buffer.from('"]}')]);
}
