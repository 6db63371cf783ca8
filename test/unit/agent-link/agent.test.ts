import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExecFrame } from "../../../src/api/process.ts";
import type { AgentClient } from "../../../src/agent-link/client.ts";
import type { Link } from "../../../src/agent-link/link.ts";
import { eventually } from "../../support/eventually.ts";
import { realAgent, type RealAgent } from "./real-agent.ts";
import { textOf } from "./far-end.ts";

let agent: RealAgent;
let link: Link;
let client: AgentClient;

beforeAll(async () => {
  agent = await realAgent();
  ({ link, client } = await agent.connect());
});
afterAll(async () => {
  link.destroy();
  await agent[Symbol.asyncDispose]();
});

async function outputOf(frames: AsyncIterable<ExecFrame>): Promise<{ stdout: string; code: number | undefined }> {
  let stdout = "";
  let code: number | undefined;
  for await (const frame of frames) {
    if ("stream" in frame && frame.stream === "stdout") stdout += Buffer.from(frame.data, "base64").toString();
    if ("exit" in frame) code = frame.exit.code;
  }
  return { stdout, code };
}

describe("the agent over a link", () => {
  it("says who it is", async () => {
    expect(await client.info()).toMatchObject({ pid: expect.any(Number), uptimeMilliseconds: expect.any(Number) });
  });

  it("has no readiness to tell without a probe", async () => {
    expect(await client.readiness(0)).toMatchObject({ state: "none" });
  });

  it("runs a command with input and environment and tells its output and exit", async () => {
    const command = ["sh", "-c", 'cat; printf " %s" "$NAME"; exit 3'];
    const stdin = Buffer.from("input").toString("base64");
    expect(await outputOf(client.exec({ command, stdin, env: { NAME: "set" } }))).toEqual({
      stdout: "input set",
      code: 3,
    });
  });

  it("runs many commands at once over the one link", async () => {
    const outputs = await Promise.all(
      Array.from({ length: 50 }, (_, i) => outputOf(client.exec({ command: ["echo", String(i)] }))),
    );
    expect(outputs).toEqual(Array.from({ length: 50 }, (_, i) => ({ stdout: `${i}\n`, code: 0 })));
  });

  it("carries output of megabytes whole", async () => {
    const size = 8 << 20;
    const { stdout } = await outputOf(client.exec({ command: ["sh", "-c", `head -c ${size} /dev/zero | tr '\\0' x`] }));
    expect(stdout).toHaveLength(size);
  });

  it("tells what a command writes at once long before it ends", async () => {
    const frames = client.exec({ id: "lives", command: ["sh", "-c", "echo first; exec sleep 1000"] });
    expect(await frames.next()).toMatchObject({ value: { process: "lives" } });
    expect(await frames.next()).toMatchObject({ value: { data: Buffer.from("first\n").toString("base64") } });
    expect(await client.getProcess("lives")).toMatchObject({ state: "running" });
    await client.signalProcess("lives", "SIGKILL");
    expect(await outputOf(frames)).toEqual({ stdout: "", code: 137 });
  });

  it("refuses in its own words", async () => {
    await expect(client.startProcess({ command: ["nonesuch"] })).rejects.toMatchObject({
      code: "not_found",
      resource: "process",
      message: expect.stringContaining("nonesuch"),
    });
    await expect(client.getProcess("nonesuch")).rejects.toMatchObject({ code: "not_found", resource: "process" });
  });

  it("starts a process once, however often it is asked, and refuses another under its id", async () => {
    const request = { id: "once", command: ["sleep", "60"] };
    const first = await client.startProcess(request);
    expect((await client.startProcess(request)).pid).toBe(first.pid);
    await expect(client.startProcess({ ...request, command: ["sleep", "61"] })).rejects.toMatchObject({
      code: "conflict",
    });
    await expect(client.waitForExit("once", 0)).rejects.toMatchObject({ code: "deadline_exceeded" });
    await client.signalProcess("once", "SIGTERM");
    expect(await client.waitForExit("once", 30)).toMatchObject({ code: 143, signal: "SIGTERM" });
  });

  it("keeps a process and all its output when the link breaks in the middle", async () => {
    const other = await agent.connect();
    const command = ["sh", "-c", "echo before; read line; echo after $line"];
    await other.client.startProcess({ id: "survivor", command });
    const { body } = await other.link.request({ method: "GET", path: "/processes/survivor/stdout?offset=0" });
    other.stream.destroy();
    await expect(textOf(body)).rejects.toMatchObject({ code: "unavailable" });

    const path = "/processes/survivor/stdin?offset=0&eof=true";
    await link.request({ method: "PUT", path, body: "cut\n" });
    expect(await client.waitForExit("survivor", 30)).toMatchObject({ code: 0 });
    const { body: all } = await link.request({ method: "GET", path: "/processes/survivor/stdout?offset=0" });
    expect(await textOf(all)).toBe("before\nafter cut\n");
  });

  it("keeps a process whose exec was given up", async () => {
    const leaving = new AbortController();
    const frames = client.exec({ id: "left", command: ["sleep", "60"] }, leaving.signal);
    expect(await frames.next()).toMatchObject({ value: { process: "left" } });
    leaving.abort(new Error("left"));
    await expect(frames.next()).rejects.toThrow();
    expect(await client.getProcess("left")).toMatchObject({ state: "running" });
    await client.signalProcess("left", "SIGKILL");
    expect(await client.waitForExit("left", 30)).toMatchObject({ code: 137 });
  });

  it("leaves nothing behind on the link", async () => {
    await eventually(() => expect(link.streams).toBe(0));
  });
});
