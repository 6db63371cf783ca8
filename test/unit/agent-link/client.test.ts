import type { ServerHttp2Stream } from "node:http2";
import { describe, expect, it } from "vitest";
import { agentClient } from "../../../src/agent-link/client.ts";
import { limits } from "../../../src/agent-link/limits.ts";
import { LinkError } from "../../../src/agent-link/link-error.ts";
import { farEnd } from "./far-end.ts";

const process = {
  id: "p1",
  command: ["/bin/true"],
  state: "running",
  pid: 7,
  startedAt: "2026-01-02T03:04:05.000006Z",
  stdout: { start: 0, end: 0, closed: false },
  stderr: { start: 0, end: 0, closed: false },
  stdin: { offset: 0, closed: false },
};

function reply(status: number, body: string | Buffer): (stream: ServerHttp2Stream) => void {
  return (stream) => {
    stream.respond({ ":status": status });
    stream.end(body);
  };
}

async function framesOf(body: string | Buffer): Promise<unknown[]> {
  await using end = await farEnd(reply(200, body));
  const frames: unknown[] = [];
  for await (const frame of agentClient(end.link).exec({ command: ["x"] })) frames.push(frame);
  return frames;
}

describe("agentClient", () => {
  it("answers in types", async () => {
    await using end = await farEnd(reply(201, JSON.stringify(process)));
    expect(await agentClient(end.link).startProcess({ command: ["/bin/true"] })).toEqual(process);
  });

  it("throws the agent's refusal as it is", async () => {
    const refusal = { code: "not_found", message: 'no such program "x"', resource: "process", details: { path: "x" } };
    await using end = await farEnd(reply(404, JSON.stringify(refusal)));
    await expect(agentClient(end.link).startProcess({ command: ["x"] })).rejects.toMatchObject(refusal);
  });

  it.each([
    ["deep", `{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`],
    ["long", JSON.stringify({ a: "x".repeat(1025) })],
    ["many", JSON.stringify(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`a${i}`, i])))],
  ])("leaves out details of a refusal that are %s", async (_, details) => {
    const refusal = { code: "internal", message: "no", resource: "process" };
    await using end = await farEnd(reply(500, `${JSON.stringify(refusal).slice(0, -1)},"details":${details}}`));
    const thrown = await agentClient(end.link)
      .getProcess("p1")
      .catch((error: unknown) => error);
    expect(JSON.parse(JSON.stringify(thrown))).toEqual(refusal);
  });

  it("gives frames as they come, wherever the octets are cut", async () => {
    const frames = [
      { process: "p" },
      { stream: "stdout", offset: 0, data: "aGk=" },
      { exit: { code: 0, timedOut: false } },
    ];
    expect(await framesOf(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(""))).toEqual(frames);
  });

  it.each([
    ["an answer that is no JSON", "<html>"],
    ["an answer of another shape", '{"id":"p1"}'],
    ["an answer longer than the limit", Buffer.alloc(limits.jsonOctets + 1, " ")],
  ])("is unavailable on %s", async (_, body) => {
    await using end = await farEnd(reply(200, body));
    await expect(agentClient(end.link).getProcess("p1")).rejects.toBeInstanceOf(LinkError);
  });

  it.each([
    ["a refusal that is no JSON", "<html>"],
    ["a refusal with an unknown code", '{"code":"root_shell","message":"","resource":"process"}'],
    ["an endless refusal", Buffer.alloc(limits.jsonOctets + 1, " ")],
  ])("is unavailable on %s", async (_, body) => {
    await using end = await farEnd(reply(500, body));
    await expect(agentClient(end.link).getProcess("p1")).rejects.toMatchObject({ code: "unavailable" });
  });

  it.each([
    ["a line longer than the limit", Buffer.alloc(limits.lineOctets + 1, "a")],
    ["a line that breaks off", '{"process":"p"}\n{"exit":'],
    ["a frame of no known kind", '{"shell":"root"}\n'],
    ["bytes that are no JSON", Buffer.from([0, 255, 10])],
  ])("is unavailable on %s", async (_, body) => {
    await expect(framesOf(body)).rejects.toBeInstanceOf(LinkError);
  });
});
