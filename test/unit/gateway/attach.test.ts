import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { ATTACH_PROTOCOL } from "../../../src/api/constants.ts";
import type { StartProcess } from "../../../src/api/process.ts";
import type { AgentClient } from "../../../src/agent-link/client.ts";
import { Attached } from "../../support/attached.ts";
import { waitFor } from "../../support/wait-for.ts";
import { opened, refused, type Refused } from "../../support/web-socket.ts";
import { farEnd } from "../agent-link/far-end.ts";
import { realAgent, type RealAgent } from "../agent-link/real-agent.ts";
import { webSocketGateway, type WebSocketGateway } from "./web-socket-gateway.ts";

let agent: RealAgent;
let client: AgentClient;
let gateway: WebSocketGateway;
beforeAll(async () => {
  agent = await realAgent();
  ({ client } = await agent.connect());
  gateway = await webSocketGateway(agent);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await agent[Symbol.asyncDispose]();
});

interface Offsets {
  stdout?: number;
  stderr?: number;
  stdin?: number;
}

async function attach(process: string, { stdin, ...offsets }: Offsets = {}): Promise<Attached> {
  const query = new URLSearchParams();
  for (const [stream, offset] of Object.entries(offsets)) query.set(`${stream}Offset`, String(offset));
  if (stdin !== undefined) query.set("stdinOffset", String(stdin));
  const path = `/processes/${process}/attach?${query.toString()}`;
  return new Attached(opened(await gateway.open(path, [ATTACH_PROTOCOL])), offsets);
}

let started = 0;
async function start(command: string[], more: Partial<StartProcess> = {}): Promise<string> {
  started += 1;
  const id = `p${started}`;
  await client.startProcess({ id, command, ...more });
  return id;
}

const shell = (script: string, more?: Partial<StartProcess>) => start(["sh", "-c", script], more);
const tty = { rows: 24, columns: 80 };

describe("who attaches to a process", () => {
  it("is told where the input stands, types, sees both streams apart, and learns how it ended", async () => {
    const attached = await attach(await shell("cat; echo err >&2; exit 3"));
    await waitFor("the first message", () => attached.stdin);
    expect(attached.statuses).toEqual([{ stdin: { offset: 0, closed: false } }]);
    attached.type("hello ");
    attached.type("world");
    await attached.shows("hello world");
    attached.end();
    expect(await attached.closed).toEqual({ code: 1000, reason: "" });
    expect(Buffer.concat(attached.output.stderr).toString()).toBe("err\n");
    // That it is closed may be overtaken by the exit.
    expect(attached.stdin).toMatchObject({ offset: 11 });
    expect(attached.exit).toEqual({ code: 3, signal: null, timedOut: false });
  });

  it("has a terminal of the size that it says, and interrupts what runs in it", async () => {
    const id = await shell('trap "stty size; exit 5" INT; stty size; while :; do sleep 0.05; done', { tty });
    const attached = await attach(id);
    await attached.shows("24 80");
    attached.resize({ rows: 40, columns: 132 });
    await waitFor("the terminal to have the size", async () => {
      const size = await attach(await shell(`stty size < /proc/${(await client.getProcess(id)).pid}/fd/0`));
      await size.closed;
      return size.text === "40 132\n";
    });
    attached.type("\x03");
    expect(await attached.closed).toMatchObject({ code: 1000 });
    expect(attached.text).toContain("40 132");
    expect(attached.exit).toMatchObject({ code: 5 });
  });

  it("sends and gets octets of all values", async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const attached = await attach(await start(["cat"]));
    attached.type(all);
    attached.end();
    await attached.closed;
    expect(Buffer.concat(attached.output.stdout)).toEqual(all);
  });

  it("gets all that was written before, and what is written while others look on", async () => {
    const id = await shell("echo before; cat");
    const [first, second] = [await attach(id), await attach(id)];
    await Promise.all([first.shows("before"), second.shows("before")]);
    first.type("one\n");
    await second.shows("one");
    second.type("two\n");
    await first.shows("two");
    second.end();
    await Promise.all([first.closed, second.closed]);
    expect(first.text).toBe(second.text);
  });

  it("goes on from where it was", async () => {
    const id = await shell("printf 0123456789");
    const whole = await attach(id);
    await whole.closed;
    const rest = await attach(id, { stdout: 4 });
    await rest.closed;
    expect([whole.text, rest.text]).toEqual(["0123456789", "456789"]);
    expect(rest.exit).toMatchObject({ code: 0 });
  });

  it("sends input again without doubling it, and is refused where some would be missing", async () => {
    const id = await start(["cat"]);
    const first = await attach(id, { stdin: 0 });
    first.type("abcdef");
    await waitFor("the input to be taken", () => first.stdin?.offset === 6);
    first.socket.terminate();
    const second = await attach(id, { stdin: 2 });
    second.type("cd");
    second.type("efgh");
    await second.shows("gh");
    second.end();
    await second.closed;
    expect(second.text).toBe("abcdefgh");
    const path = `/processes/${id}/attach?stdinOffset=9`;
    expect(refused(await gateway.open(path, [ATTACH_PROTOCOL]))).toMatchObject({
      status: 409,
      json: { code: "conflict", resource: "process", details: { offset: 8 } },
    });
  });

  it("is told when the process takes no more input, and still sees its output", async () => {
    const id = await shell('exec 0<&-; trap "echo late; exit 0" TERM; echo closed; while :; do sleep 0.05; done');
    const attached = await attach(id);
    await attached.shows("closed");
    attached.type("x");
    await waitFor("the refusal", () => attached.statuses.find(({ error }) => error));
    expect(attached.statuses.at(-1)).toEqual({ error: expect.objectContaining({ code: "failed_precondition" }) });
    attached.type("y");
    await client.signalProcess(id, "SIGTERM");
    await attached.closed;
    expect(attached.text).toBe("closed\nlate\n");
    expect(attached.exit).toMatchObject({ code: 0 });
  });

  it("is told that there is no terminal to resize, and nothing else happens", async () => {
    const attached = await attach(await start(["cat"]));
    attached.resize(tty);
    await waitFor("the refusal", () => attached.statuses.find(({ error }) => error));
    attached.type("still there");
    await attached.shows("still there");
    attached.end();
    expect(await attached.closed).toMatchObject({ code: 1000 });
  });

  it("misses nothing and gets nothing twice when the link to the agent breaks", async () => {
    const size = 6 << 20;
    const pattern = `awk 'BEGIN { for (i = 0; i < ${size / 16}; i++) printf "%015d\\n", i }'`;
    const attached = await attach(await shell(pattern));
    for (const part of [1, 2, 3]) {
      await waitFor("a part of the output", () => attached.offset.stdout >= (part * size) / 8);
      gateway.cutLink();
    }
    await attached.closed;
    expect(attached.exit).toMatchObject({ code: 0 });
    expect(attached.offset.stdout).toBe(size);
    const hash = createHash("sha256");
    for (let i = 0; i < size / 16; i++) hash.update(`${String(i).padStart(15, "0")}\n`);
    expect(createHash("sha256").update(Buffer.concat(attached.output.stdout)).digest("hex")).toBe(hash.digest("hex"));
  });

  it("holds the process back by not reading, which takes no memory here", async () => {
    // Not before there is a reader: output that nobody reads makes room for more.
    const id = await shell("read go; yes | head -c 100000000");
    const attached = await attach(id);
    attached.type("go\n");
    await waitFor("output", () => attached.offset.stdout > 0);
    attached.socket.pause();
    const before = process.memoryUsage.rss();
    const written = async () => (await client.getProcess(id)).stdout?.end ?? 0;
    const end = await waitFor("the process to stop", async () => {
      const octets = await written();
      return octets > 60 << 20 && octets < 95_000_000 && octets;
    });
    expect((await written()) - end).toBeLessThan(32 << 20);
    expect(process.memoryUsage.rss() - before).toBeLessThan(48 << 20);
    attached.socket.resume();
    await attached.closed;
    expect(attached.offset.stdout).toBe(100_000_000);
  });

  it("is held back by a process that does not read", async () => {
    const id = await start(["sleep", "1000"]);
    const attached = await attach(id);
    const chunk = Buffer.alloc(64 << 10);
    let sent = 0;
    const flood = setInterval(() => {
      if (attached.socket.bufferedAmount > 1 << 20) return;
      attached.type(chunk);
      sent += chunk.length;
    }, 1);
    await waitFor("the client to be held back", () => attached.socket.bufferedAmount > 1 << 20);
    clearInterval(flood);
    expect(sent).toBeLessThan(32 << 20);
    await client.signalProcess(id, "SIGKILL");
    expect(await attached.closed).toMatchObject({ code: 1000 });
    expect(attached.exit).toMatchObject({ code: 137 });
  });

  it("may go at any time; the process goes on", async () => {
    const id = await shell("read x; echo got $x");
    const attached = await attach(id);
    attached.socket.close(1000);
    expect(await attached.closed).toMatchObject({ code: 1000 });
    const next = await attach(id);
    next.type("it\n");
    await next.closed;
    expect(next.text).toBe("got it\n");
  });

  it("is told to connect again when the gateway restarts", async () => {
    await using other = await webSocketGateway(agent);
    const id = await start(["cat"]);
    const path = `/processes/${id}/attach`;
    const attached = new Attached(opened(await other.open(path, [ATTACH_PROTOCOL])));
    await waitFor("the first message", () => attached.stdin);
    other.attachments.restart();
    expect(await attached.closed).toMatchObject({ code: 1012 });
    expect(refused(await other.open(path, [ATTACH_PROTOCOL]))).toMatchObject({ status: 503 });
    expect(await client.getProcess(id)).toMatchObject({ state: "running" });
  });
});

describe("a message", () => {
  it.each<[what: string, message: string | Buffer, code: number]>([
    ["of text", "ls\n", 1008],
    ["without an octet", Buffer.alloc(0), 1008],
    ["on a channel that is the gateway's", Buffer.of(1, 65), 1008],
    ["on a channel that nobody has", Buffer.of(9), 1008],
    ["that closes something else than input", Buffer.of(255, 1), 1008],
    ["with a size that is none", Buffer.from("\x04{}"), 1008],
    ["of more than 256 KiB", Buffer.alloc((256 << 10) + 1), 1009],
  ])("%s ends the WebSocket, and not the process", async (_, message, code) => {
    const id = await start(["cat"]);
    const attached = await attach(id);
    attached.socket.send(message);
    expect(await attached.closed).toMatchObject({ code });
    expect(await client.getProcess(id)).toMatchObject({ state: "running" });
  });
});

describe("an agent that does not keep to what is agreed", () => {
  const open = { start: 0, end: 0, closed: false };
  const view = { id: "p", command: ["cat"], state: "running", pid: 1, startedAt: "2026-11-21T09:00:01Z" };
  const honest = JSON.stringify({ ...view, stdout: open, stderr: open, stdin: { offset: 0, closed: false } });

  type Answers = Record<string, [head: Record<string, string>, body: string]>;

  /** A gateway whose agent answers so, by what is asked for; all else it leaves open. */
  async function lied(answers: Answers): Promise<AsyncDisposable & { answer: WebSocket | Refused }> {
    const end = await farEnd((stream, path) => {
      const [head, body] = answers[path.replace(/^.*\/|\?.*$/g, "")] ?? [];
      if (head === undefined) return;
      stream.respond({ ":status": 200, ...head });
      stream.end(body);
    });
    const over = await webSocketGateway({
      connect: async () => ({ link: end.link, stream: end.near }) as Awaited<ReturnType<RealAgent["connect"]>>,
    });
    const answer = await over.open("/processes/p/attach?stdoutOffset=5", [ATTACH_PROTOCOL]);
    return {
      answer,
      async [Symbol.asyncDispose]() {
        await over[Symbol.asyncDispose]();
        await end[Symbol.asyncDispose]();
      },
    };
  }

  it.each<[what: string, body: string]>([
    ["is no JSON", "<html>"],
    ["has no input", JSON.stringify(view)],
    ["has input of another kind", JSON.stringify({ ...view, stdin: { offset: "5", closed: false } })],
    ["has input at a place that is none", JSON.stringify({ ...view, stdin: { offset: -1, closed: false } })],
  ])("is unavailable when its process %s", async (_, body) => {
    await using gateway = await lied({ p: [{}, body] });
    expect(refused(gateway.answer)).toMatchObject({ status: 503, json: { code: "unavailable" } });
  });

  it.each<[what: string, stdin: string]>([
    ["is no JSON", "<html>"],
    ["does not say where it stands", "{}"],
    ["is endless", " ".repeat(5 << 20)],
  ])("is given up when what it answers to input %s", async (_, stdin) => {
    await using gateway = await lied({ p: [{}, honest], stdin: [{}, stdin] });
    const attached = new Attached(opened(gateway.answer));
    attached.type("x");
    expect(await attached.closed).toEqual({ code: 1013, reason: "unavailable" });
    expect(attached.statuses.at(-1)).toMatchObject({ error: { code: "unavailable" } });
  });

  it.concurrent.each<[what: string, head: Record<string, string>]>([
    ["from before what was asked for", { "sandkeep-offset": "4" }],
    ["from nowhere", {}],
    ["from beyond all numbers", { "sandkeep-offset": "9999999999999999" }],
  ])("is given up, after a few attempts, when its output comes %s", async (_, head) => {
    await using gateway = await lied({ p: [{}, honest], stdout: [head, "output"] });
    const attached = new Attached(opened(gateway.answer), { stdout: 5 });
    expect(await attached.closed).toEqual({ code: 1013, reason: "unavailable" });
    expect(attached.text).toBe("");
  });
});
