import type { IncomingMessage, ServerResponse } from "node:http";
import { pino } from "pino";
import { beforeEach, expect, it } from "vitest";
import { SandkeepError } from "../../../src/api/errors.ts";
import { auditTo } from "../../../src/gateway/audit.ts";
import type { Call } from "../../../src/gateway/server/bind.ts";

const lines: string[] = [];
const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
const process = { id: "p1", command: ["login", "hunter2"] };

beforeEach(() => void (lines.length = 0));

function aCall(): Call<"startProcess"> {
  return {
    route: "startProcess",
    params: { namespace: "ns", id: "a" },
    query: { startTimeoutSeconds: 300 },
    body: { command: process.command, env: { KEY: "hunter3" } },
    user: { username: "alice", uid: "u1" },
    signal: new AbortController().signal,
    request: { socket: { remoteAddress: "192.0.2.1" } } as IncomingMessage,
    response: {} as ServerResponse,
    facts: {},
  };
}

function line(): unknown {
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? "");
}

it("tells who started what where, without arguments or environment", async () => {
  const call = aCall();
  expect(await auditTo(log, "hash").process(call, process, Promise.resolve("started"))).toBe("started");
  expect(line()).toMatchObject({
    audit: "process",
    user: "alice",
    uid: "u1",
    namespace: "ns",
    sandbox: "a",
    process: "p1",
    address: "192.0.2.1",
    program: "login",
    commandHash: "3d496c8a0f01b77c",
    result: "ok",
  });
  expect(lines[0]).not.toContain("hunter");
  expect(call.facts.audited).toBe(true);
});

it("tells which Secrets a process was given, by name", async () => {
  await auditTo(log, "hash").process(aCall(), { ...process, secrets: ["db"] }, Promise.resolve());
  expect(line()).toMatchObject({ secrets: ["db"] });
});

it("tells arguments where that is wanted", async () => {
  await auditTo(log, "full").process(aCall(), process, Promise.resolve());
  expect(line()).toMatchObject({ command: ["login", "hunter2"] });
});

it.each([
  [new SandkeepError("not_found", "process", "no such program"), "not_found"],
  [new TypeError("bug"), "internal"],
])("tells that a start failed with %s, and fails too", async (error, result) => {
  const failing = (async () => {
    throw error;
  })();
  await expect(auditTo(log, "hash").process(aCall(), process, failing)).rejects.toBe(error);
  expect(line()).toMatchObject({ result });
});

it("tells which file was reached how, and not what is in it", async () => {
  const query = { startTimeoutSeconds: 300, path: "/a", to: "/b", exclusive: false };
  const call: Call<"renameFile"> = { ...aCall(), route: "renameFile", query, body: undefined };
  await auditTo(log, "hash").file(call, query, Promise.resolve());
  expect(line()).toMatchObject({ audit: "file", operation: "renameFile", path: "/a", to: "/b", result: "ok" });
  expect(line()).not.toHaveProperty("startTimeoutSeconds");
});

it("tells who attached to what, and who reached which port", async () => {
  const attach: Call<"attachProcess"> = {
    ...aCall(),
    route: "attachProcess",
    params: { namespace: "ns", id: "a", process: "p1" },
    query: { startTimeoutSeconds: 300, stdoutOffset: 0, stderrOffset: 0 },
    body: undefined,
  };
  await auditTo(log, "hash").attach(attach, Promise.resolve());
  expect(line()).toMatchObject({ audit: "attach", process: "p1", user: "alice", sandbox: "a", result: "ok" });
  lines.length = 0;
  const port: Call<"connectPort"> = {
    ...attach,
    route: "connectPort",
    params: { namespace: "ns", id: "a", port: "8080" },
    query: { startTimeoutSeconds: 300 },
  };
  const refused = Promise.reject(new SandkeepError("unavailable", "port", "nothing listens"));
  await expect(auditTo(log, "hash").port(port, refused)).rejects.toThrow("nothing listens");
  expect(line()).toMatchObject({ audit: "port", port: 8080, user: "alice", sandbox: "a", result: "unavailable" });
});
