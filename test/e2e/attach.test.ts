import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ATTACH_PROTOCOL, TOKEN_PROTOCOL_PREFIX } from "../../src/api/constants.ts";
import type { StartProcess } from "../../src/api/process.ts";
import { Attached } from "../support/attached.ts";
import { gvisor } from "../support/gvisor.ts";
import { kubectl } from "../support/installed.ts";
import { waitFor } from "../support/wait-for.ts";
import { opened, refused } from "../support/web-socket.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

const megabytes = 20;

/** Writes 20 MB that no two places of are alike. */
const flood = `i=0; while [ $i -lt ${megabytes * 8} ]; do printf '%0131071d\\n' $i; i=$((i+1)); done`;

function floodHash(): string {
  const hash = createHash("sha256");
  for (let i = 0; i < megabytes * 8; i++) hash.update(`${String(i).padStart(131_071, "0")}\n`);
  return hash.digest("hex");
}

function hashOf(chunks: Buffer[]): string {
  return createHash("sha256").update(Buffer.concat(chunks)).digest("hex");
}

interface Offsets {
  stdout?: number;
  stderr?: number;
  stdin?: number;
}

async function attach(id: string, process: string, { stdin, ...offsets }: Offsets = {}): Promise<Attached> {
  const query = new URLSearchParams();
  for (const [stream, offset] of Object.entries(offsets)) query.set(`${stream}Offset`, String(offset));
  if (stdin !== undefined) query.set("stdinOffset", String(stdin));
  const path = `/sandboxes/${id}/processes/${process}/attach?${query.toString()}`;
  return new Attached(opened(await tenant.gateway.openWebSocket(path, [ATTACH_PROTOCOL])), offsets);
}

async function start(id: string, request: StartProcess & { id: string }): Promise<void> {
  const { status, text } = await tenant.gateway.send("POST", `/sandboxes/${id}/processes`, request);
  expect({ status, text }).toMatchObject({ status: 201 });
}

const tty = { rows: 24, columns: 80 };

describe.each([
  ["busybox under runc", { image: "busybox:stable" }],
  ["Python's image under runc", { image: "python:3.11-slim" }],
  ["busybox under gVisor", { image: "busybox:stable", className: gvisor }],
  ["Python's image under gVisor", { image: "python:3.11-slim", className: gvisor }],
])("a terminal in %s", (_, spec) => {
  let id: string;
  beforeAll(async () => {
    ({ id } = await tenant.gateway.create({ spec: { ...small, ...spec } }, "started"));
  });

  test("is a shell's, with its size, another size, an interrupt and an exit", async () => {
    await start(id, { id: "shell", command: ["sh", "-i"], env: { PS1: "$ " }, tty });
    const attached = await attach(id, "shell");
    await attached.shows("$ ");
    attached.type("while :; do stty size; sleep 0.1; done; echo never\n");
    await attached.shows("24 80");
    attached.resize({ rows: 50, columns: 132 });
    await attached.shows("50 132");
    attached.type("\x03");
    attached.type("echo status $?; exit 7\n");
    expect(await attached.closed).toEqual({ code: 1000, reason: "" });
    expect(attached.text).toMatch(/status 130/);
    expect(attached.text).not.toMatch(/\nnever/);
    expect(attached.exit).toMatchObject({ code: 7, signal: null, timedOut: false });
  });

  test("carries octets of all values both ways once it is raw", async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await start(id, { id: "raw", command: ["sh", "-c", "stty raw -echo; printf ready; exec head -c 256"], tty });
    const attached = await attach(id, "raw");
    await attached.shows("ready");
    attached.type(all);
    await attached.closed;
    expect(Buffer.concat(attached.output.stdout).subarray(5)).toEqual(all);
  });

  test("is shared by two clients: both type, and both see all of it", async () => {
    await start(id, { id: "shared", command: ["sh", "-c", "stty -echo; read a; echo $a; read b; echo $b"], tty });
    const [first, second] = [await attach(id, "shared"), await attach(id, "shared")];
    first.type("one\n");
    await second.shows("one");
    second.type("two\n");
    await Promise.all([first.closed, second.closed]);
    expect(first.text).toBe(second.text);
    expect(first.text).toContain("one\r\ntwo\r\n");
  });

  test("goes on without a loss after its connection was cut in the middle of 20 MB", async () => {
    await start(id, { id: "flood", command: ["sh", "-c", flood] });
    let attached = await attach(id, "flood");
    const chunks: Buffer[] = [];
    for (const part of [0.2, 0.5]) {
      await waitFor("a part of it", () => attached.offset.stdout > part * megabytes * (1 << 20));
      attached.socket.terminate();
      await attached.closed;
      chunks.push(...attached.output.stdout);
      attached = await attach(id, "flood", { stdout: attached.offset.stdout });
    }
    await attached.closed;
    expect(attached.exit).toMatchObject({ code: 0 });
    expect(hashOf([...chunks, ...attached.output.stdout])).toBe(floodHash());
  });

  test("sends input again after a cut, and nothing arrives twice", async () => {
    await start(id, { id: "input", command: ["cat"] });
    const first = await attach(id, "input", { stdin: 0 });
    first.type("abcdef");
    await waitFor("the input to be taken", () => first.stdin?.offset === 6);
    first.socket.terminate();
    const second = await attach(id, "input", { stdin: 3 });
    second.type("defghi");
    second.end();
    await second.closed;
    expect(second.text).toBe("abcdefghi");
  });
});

describe("attaching", () => {
  let id: string;
  beforeAll(async () => {
    ({ id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started"));
  });

  test("works with the token as a subprotocol, from a page of any origin", async () => {
    await start(id, { id: "browser", command: ["echo", "hello"] });
    const token = `${TOKEN_PROTOCOL_PREFIX}${Buffer.from(tenant.token).toString("base64url")}`;
    const path = `/sandboxes/${id}/processes/browser/attach`;
    const headers = { origin: "https://elsewhere.test" };
    const attached = new Attached(opened(await tenant.gateway.openWebSocket(path, [ATTACH_PROTOCOL, token], headers)));
    expect(attached.socket.protocol).toBe(ATTACH_PROTOCOL);
    await attached.closed;
    expect(attached.text).toBe("hello\n");
    const wrong = `${TOKEN_PROTOCOL_PREFIX}${Buffer.from("wrong").toString("base64url")}`;
    const refusal = refused(await tenant.gateway.openWebSocket(path, [ATTACH_PROTOCOL, wrong], headers));
    expect(refusal).toMatchObject({ status: 401, json: { code: "unauthenticated" } });
  });

  test("to the entrypoint tells how it ended, although the sandbox ends with it", async () => {
    const command = ["sh", "-c", "until [ -e /tmp/stop ]; do sleep 0.05; done; echo bye; exit 4"];
    const made = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable", command } }, "started");
    const attached = await attach(made.id, "entrypoint");
    await tenant.gateway.exec(made.id, { command: ["touch", "/tmp/stop"] });
    expect(await attached.closed).toEqual({ code: 1000, reason: "" });
    expect(attached.text).toBe("bye\n");
    expect(attached.exit).toMatchObject({ code: 4 });
    const path = `/sandboxes/${made.id}/processes/entrypoint/attach`;
    await tenant.gateway.get(made.id, "?wait=finished");
    expect(refused(await tenant.gateway.openWebSocket(path, [ATTACH_PROTOCOL]))).toMatchObject({
      status: 412,
      json: { code: "failed_precondition" },
    });
  });

  test("is refused to who may only look", async () => {
    await using viewer = await newTenant("view");
    const answer = await viewer.gateway.openWebSocket("/sandboxes/any/processes/p/attach", [ATTACH_PROTOCOL]);
    expect(refused(answer)).toMatchObject({ status: 403, json: { code: "permission_denied" } });
  });

  test("by a client that does not read holds the process back, and loses nothing", async () => {
    const size = 200 << 20;
    await start(id, { id: "slow", command: ["sh", "-c", `read go; head -c ${size} /dev/zero; echo end`] });
    // Not before there is a reader: output that nobody reads makes room for more.
    const attached = await attach(id, "slow");
    attached.type("go\n");
    await waitFor("output", () => attached.offset.stdout > 0);
    attached.socket.pause();
    const written = async () => {
      const { json } = await tenant.gateway.send("GET", `/sandboxes/${id}/processes/slow`);
      return (json as { stdout: { end: number } }).stdout.end;
    };
    await waitFor("the spool to be full", async () => (await written()) > 64 << 20);
    expect(await written()).toBeLessThan(size);
    attached.socket.resume();
    await attached.closed;
    expect(attached.offset.stdout).toBe(size + 4);
    expect(attached.text.slice(-4)).toBe("end\n");
  });

  test("goes on at another gateway when one is replaced", async () => {
    const { installed } = tenant;
    const command = ["sh", "-c", "i=0; until [ -e /tmp/stop ]; do i=$((i+1)); echo $i; sleep 0.05; done; echo last"];
    await start(id, { id: "counter", command });
    let attached = await attach(id, "counter");
    const system = ["--namespace", "sandkeep-system", "rollout"];
    await kubectl(installed, [...system, "restart", "deployment/sandkeep-gateway"]);
    expect(await attached.closed).toMatchObject({ code: 1012 });
    const chunks = attached.output.stdout;
    const { stdout } = attached.offset;
    attached = await waitFor("a gateway", () => attach(id, "counter", { stdout }));
    await kubectl(installed, [...system, "status", "deployment/sandkeep-gateway", "--timeout=300s"]);
    await tenant.gateway.reconnect();
    await waitFor("the process to stop", async () => {
      const stopped = await tenant.gateway.exec(id, { command: ["touch", "/tmp/stop"] });
      return stopped.code === 0;
    });
    const rest = await lastOf(attached, id);
    const lines = Buffer.concat([...chunks, ...rest])
      .toString()
      .trim()
      .split("\n");
    expect(lines).toEqual([...lines.slice(0, -1).map((_, index) => String(index + 1)), "last"]);
  });
});

/** All that follows, at as many gateways as it takes. */
async function lastOf(attached: Attached, id: string): Promise<Buffer[]> {
  const { code } = await attached.closed;
  if (code === 1000) return attached.output.stdout;
  expect(code).toBe(1012);
  const { stdout } = attached.offset;
  const next = await waitFor("a gateway", () => attach(id, "counter", { stdout }));
  return [...attached.output.stdout, ...(await lastOf(next, id))];
}
