import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runtimes } from "./runtimes.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await newTenant();
});
afterAll(() => tenant[Symbol.asyncDispose]());

describe.each(runtimes)("a process under %s", (_runtime, inClass) => {
  let id: string;
  beforeAll(async () => {
    const spec = { ...small, ...inClass, image: "busybox:stable" };
    ({ id } = await tenant.gateway.create({ spec }, "started"));
  });

  const start = (body: object) => tenant.gateway.send("POST", `/sandboxes/${id}/processes`, body);
  const read = (path: string) => tenant.gateway.send("GET", `/sandboxes/${id}/processes/${path}`);
  const type = (path: string, body: string | Buffer = "") =>
    tenant.gateway.send("PUT", `/sandboxes/${id}/processes/${path}`, body);
  const exec = (body: { command: string[]; timeoutMilliseconds?: number }) => tenant.gateway.exec(id, body);
  const frames = (body: object) => tenant.gateway.send("POST", `/sandboxes/${id}/exec`, body);

  test("is killed at its time with all of its group, and says so", async () => {
    const command = ["sh", "-c", "sleep 1000 & echo $!; wait"];
    const { text } = await frames({ command, timeoutMilliseconds: 500 });
    expect(text).toContain('{"exit":{"code":137,"signal":"SIGKILL","timedOut":true}}');
    const child = Buffer.from(/"data":"([^"]*)"/.exec(text)?.[1] ?? "", "base64")
      .toString()
      .trim();
    const gone = ["sh", "-c", `while kill -0 ${child} 2>/dev/null; do sleep 0.05; done`];
    expect(await exec({ command: gone, timeoutMilliseconds: 30_000 })).toMatchObject({ code: 0 });
  });

  test("gets every octet of its input once, wherever it is sent from, and its output is all octets there are", async () => {
    const data = randomBytes(3 << 20);
    const at = (offset: number, end = data.length, eof = false) =>
      type(`copy/stdin?offset=${offset}&eof=${eof}`, data.subarray(offset, end));
    await start({ id: "copy", command: ["cat"] });
    expect(await at(0, 1 << 20)).toMatchObject({ status: 200, json: { offset: 1 << 20, closed: false } });
    const gap = { code: "conflict", resource: "process", details: { offset: 1 << 20 } };
    expect(await at(2 << 20)).toMatchObject({ status: 409, json: gap });
    expect(await at(1 << 19, 2 << 20)).toMatchObject({ status: 200, json: { offset: 2 << 20, closed: false } });
    expect(await at(1000, data.length, true)).toMatchObject({ status: 200, json: { offset: 3 << 20, closed: true } });
    expect(await at(0, data.length, true)).toMatchObject({ status: 200, json: { offset: 3 << 20, closed: true } });

    expect((await read("copy/exit?wait=300")).json).toMatchObject({ code: 0 });
    const { octets } = await read("copy/stdout");
    expect(sha256(octets)).toBe(sha256(data));
    expect(sha256((await read(`copy/stdout?offset=${1 << 20}`)).octets)).toBe(sha256(data.subarray(1 << 20)));
    expect(await type("copy/stdin?offset=3145728", "more")).toMatchObject({
      status: 412,
      json: { code: "failed_precondition", resource: "process" },
    });
  });

  test("has a terminal of 24 rows and 80 columns that can be resized, with both streams in one", async () => {
    const script = "stty -echo; echo $TERM $(stty size); echo err >&2; read line; stty size; cat";
    expect((await start({ id: "term", command: ["sh", "-c", script], tty: {} })).status).toBe(201);
    const lines = await tenant.gateway.follow(`/sandboxes/${id}/processes/term/stdout`);
    expect((await lines.next()).value).toBe("xterm-256color 24 80\r");
    expect((await lines.next()).value).toBe("err\r");
    const resized = await tenant.gateway.send("POST", `/sandboxes/${id}/processes/term/resize`, {
      rows: 40,
      columns: 120,
    });
    expect(resized.status).toBe(204);
    await type("term/stdin?offset=0", "go\n");
    expect((await lines.next()).value).toBe("40 120\r");
    await type("term/stdin?offset=3&eof=true");
    expect((await read("term/exit?wait=300")).json).toMatchObject({ code: 0 });
    expect(await read("term/stderr")).toMatchObject({ status: 200, text: "" });
    await lines.return();
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGKILL", 137],
    ["SIGUSR1", 138],
  ])("is ended by %s, with its group, as %i", async (signal, code) => {
    const process = `by-${signal}`;
    await start({ id: process, command: ["sh", "-c", "sleep 1000 & wait"] });
    expect((await read(`${process}/exit`)).json).toMatchObject({ code: "deadline_exceeded", resource: "process" });
    expect((await tenant.gateway.send("POST", `/sandboxes/${id}/processes/${process}/signal`, { signal })).status).toBe(
      204,
    );
    expect((await read(`${process}/exit?wait=300`)).json).toMatchObject({ code, signal, timedOut: false });
  });
});

function sha256(octets: Buffer): string {
  return createHash("sha256").update(octets).digest("hex");
}
