import { createServer, request as httpRequest, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SandkeepError } from "../../../src/api/errors.ts";
import { subjects } from "../../../src/api/route.ts";
import { routes, type Route, type RouteName } from "../../../src/api/routes.ts";
import { unauthenticated } from "../../../src/gateway/auth/bearer.ts";
import type { Access } from "../../../src/gateway/auth/authorise.ts";
import { logOptions } from "../../../src/log.ts";
import { createApp } from "../../../src/gateway/server/app.ts";
import type { Call, Handlers } from "../../../src/gateway/server/bind.ts";
import { eventually } from "../../support/eventually.ts";
import { exampleRequest } from "../../support/route-example.ts";

const table = Object.entries(routes) as [RouteName, Route][];
const lines: string[] = [];
const log = pino(logOptions, { write: (line: string) => void lines.push(line) });
const asked: Access[] = [];
let handle: (call: Call) => Promise<unknown>;
let authorising: () => Promise<void>;
let ready = true;
let server: Server;

beforeEach(async () => {
  lines.length = 0;
  asked.length = 0;
  ready = true;
  authorising = async () => {};
  handle = vi.fn(async () => ({ fine: true }));
  const handlers = Object.fromEntries(Object.keys(routes).map((name) => [name, (call: Call) => handle(call)]));
  const app = createApp({
    handlers: handlers as Handlers,
    guard: {
      async authenticate(authorization) {
        if (authorization !== "Bearer good" && authorization !== "Bearer weak")
          throw unauthenticated("Cannot authenticate");
        return { username: authorization.slice(7) };
      },
      async authorise(user, access) {
        asked.push(access);
        await authorising();
        if (user.username === "weak") throw new SandkeepError("permission_denied", "sandbox", "no");
      },
    },
    ready: () => ready,
    log,
  });
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Reply {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
  body: { code?: string; message?: string; resource?: string; details?: unknown };
}

/** Sends the path as it is: `fetch` would tidy it up. */
function send(
  method: string,
  path: string,
  { token = "good", body = "", more = {} }: { token?: string; body?: string | Buffer; more?: object } = {},
): Promise<Reply> {
  const { port } = server.address() as AddressInfo;
  const headers = { ...(token !== "" && { authorization: `Bearer ${token}` }), ...more };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: "127.0.0.1", method, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const isJson = response.headers["content-type"]?.includes("json") && text !== "";
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          body: isJson ? JSON.parse(text) : {},
        });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

const sandboxes = "/v1/namespaces/ns/sandboxes";

describe("a request", () => {
  it.each(table.filter(([, { reply }]) => reply.webSocket === undefined))(
    "to %s reaches its handler, once its right has been asked for, and not without one",
    async (name, route) => {
      const { method, path, body = "" } = exampleRequest(route, { namespace: "ns", id: "a" });
      expect((await send(method, path, { token: "", body })).status).toBe(401);
      expect((await send(method, path, { token: "weak", body })).status).toBe(403);
      expect(handle).not.toHaveBeenCalled();
      asked.length = 0;
      expect((await send(method, path, { body })).status).toBe(route.reply.status);
      expect(handle).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ route: name }));
      const { parameter, ...kind } = subjects[route.access.resource];
      const named = route.path.includes(`{${parameter}}`) && { name: route.example.params?.[parameter] ?? "a" };
      const asking = { ...route.access, ...kind, namespace: "ns", ...named };
      expect(asked).toEqual([asking]);
    },
  );

  it.each(table.filter(([, { reply }]) => reply.webSocket !== undefined))(
    "to %s that asks for no WebSocket is told to, once it may have one, and reaches nobody",
    async (_, route) => {
      const { method, path } = exampleRequest(route, { namespace: "ns", id: "a" });
      expect((await send(method, path, { token: "" })).status).toBe(401);
      expect((await send(method, path, { token: "weak" })).status).toBe(403);
      expect(await send(method, path)).toMatchObject({ status: 426, headers: { upgrade: "websocket" } });
      expect(handle).not.toHaveBeenCalled();
    },
  );

  it.each<[what: string, method: string, path: string, body: string, status: number, message: RegExp]>([
    ["an unknown route", "GET", "/v1/nothing", "", 404, /no such resource/],
    ["an unknown route below a sandbox", "GET", `${sandboxes}/a/shell`, "", 404, /no such resource/],
    ["another case", "GET", "/V1/Namespaces/ns/sandboxes", "", 404, /no such resource/],
    ["a method that the resource has not", "PATCH", sandboxes, "{}", 405, /Cannot PATCH/],
    ["GET on an action", "GET", `${sandboxes}/a/exec`, "", 405, /Cannot GET/],
    ["no body", "POST", sandboxes, "", 400, /missing/],
    ["no JSON", "POST", sandboxes, "{", 400, /as JSON/],
    ["JSON that is no object", "POST", sandboxes, "[]", 400, /body/],
    ["null", "POST", sandboxes, "null", 400, /body/],
    ["an unknown field", "POST", sandboxes, '{"spec":{"imgae":"x"}}', 400, /spec.*imgae/],
    ["a prototype for a field", "POST", sandboxes, '{"__proto__":{"x":1}}', 400, /__proto__/],
    ["a wrong type", "POST", sandboxes, '{"spec":{"image":7}}', 400, /spec\.image/],
    ["a broken rule", "POST", sandboxes, '{"spec":{"workingDir":"relative"}}', 400, /spec\.workingDir/],
    ["a name that is no label", "POST", sandboxes, '{"name":"../a"}', 400, /name/],
    ["an unknown parameter", "GET", `${sandboxes}?shell=1`, "", 400, /shell/],
    ["a parameter twice", "GET", `${sandboxes}?limit=1&limit=2`, "", 400, /limit/],
    ["a wait that is none", "GET", `${sandboxes}/a?wait=tea`, "", 400, /wait/],
    ["a number that is none", "GET", `${sandboxes}/a/processes/p/stdout?offset=x`, "", 400, /offset/],
    ["dots for a sandbox", "GET", `${sandboxes}/..`, "", 400, /id/],
    ["escaped dots", "GET", `${sandboxes}/%2e%2e/exec`, "", 405, /Cannot GET/],
    ["escaped dots for a sandbox", "GET", `${sandboxes}/%2e%2e`, "", 400, /id/],
    ["an escaped slash", "GET", `${sandboxes}/a%2fb`, "", 400, /id/],
    ["an escaped slash in the namespace", "GET", "/v1/namespaces/ns%2Fother/sandboxes", "", 400, /namespace/],
    ["a NUL", "GET", `${sandboxes}/a%00`, "", 400, /id/],
    ["a line break", "GET", `${sandboxes}/a%0d%0aX-Y:1`, "", 400, /id/],
    ["bad percent-encoding", "GET", `${sandboxes}/%zz`, "", 400, /encoding|decode/i],
    ["dots for a process", "GET", `${sandboxes}/a/processes/..`, "", 400, /process/],
    ["a process with a path", "GET", `${sandboxes}/a/processes/p%2f..%2f..%2finfo`, "", 400, /process/],
    ["an empty command", "POST", `${sandboxes}/a/exec`, '{"command":[]}', 400, /command/],
    ["a megabyte of JSON", "POST", `${sandboxes}/a/exec`, `{"command":["${"x".repeat(1 << 20)}"]}`, 413, /1 MiB/],
    [
      "a command that is too long",
      "POST",
      `${sandboxes}/a/exec`,
      `{"command":["${"x".repeat(900_000)}"]}`,
      400,
      /65536/,
    ],
  ])("with %s is refused in words, and handled by nobody", async (_, method, path, body, status, message) => {
    const reply = await send(method, path, { body });
    expect(reply.status).toBe(status);
    expect(reply.body.message).toMatch(message);
    expect(reply.body).toMatchObject({ code: expect.any(String), resource: "request" });
    expect(handle).not.toHaveBeenCalled();
  });

  it.each<[what: string, headers: Record<string, string>, body: string, status: number, message: RegExp]>([
    ["a compressed body", { "content-encoding": "gzip" }, "x", 415, /without a Content-Encoding/],
    ["an empty body in chunks", { "transfer-encoding": "chunked" }, "", 400, /as JSON/],
    ["eight megabytes", {}, `"${"x".repeat(8 << 20)}"`, 413, /1 MiB/],
    ["a megabyte in chunks", { "transfer-encoding": "chunked" }, `"${"x".repeat(1 << 20)}"`, 413, /1 MiB/],
  ])("with %s is refused in words", async (_, more, body, status, message) => {
    const reply = await send("POST", sandboxes, { body, more });
    expect(reply.status).toBe(status);
    expect(reply.body.message).toMatch(message);
    expect(handle).not.toHaveBeenCalled();
  });

  it("that goes on after its refusal loses its connection, and nobody else anything", async () => {
    handle = async ({ request }) => {
      // Takes the socket from the request.
      await pipeline(request, new Writable({ write: (_, __, done) => done(new Error("full")) })).catch(() => {});
      throw new SandkeepError("conflict", "process", "refused");
    };
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.write(
      `PUT ${sandboxes}/a/processes/p/stdin?offset=0 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nContent-Length: 9999\r\n\r\npart`,
    );
    await closed;
    expect(text).toMatch(/^HTTP\/1.1 409 /);
    expect((await send("GET", "/healthz")).status).toBe(200);
  });

  it("is refused when it is not UTF-8", async () => {
    const body = Buffer.concat([Buffer.from('{"spec":{"image":"'), Buffer.of(0xff), Buffer.from('"}}')]);
    const refusal = { status: 400, body: { code: "invalid_argument", message: expect.stringContaining("not UTF-8") } };
    expect(await send("POST", sandboxes, { body })).toMatchObject(refusal);
    expect(handle).not.toHaveBeenCalled();
  });

  it("is read whatever its Content-Type and case of escapes", async () => {
    const more = { "content-type": "text/plain", "content-encoding": "identity" };
    const reply = await send("POST", "/v1/namespaces/%6Es/sandboxes/?wait=started", { body: '{"name":"é"}', more });
    expect(reply).toMatchObject({ status: 400, body: { message: expect.stringMatching(/name/) } });
    const body = '{"name":"b"}';
    expect((await send("POST", "/v1/namespaces/%6Es/sandboxes/?wait=started", { body, more })).status).toBe(201);
    expect(handle).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ params: { namespace: "ns" }, body: expect.objectContaining({ name: "b" }) }),
    );
  });

  it("by HEAD is answered as GET, without the body", async () => {
    const reply = await send("HEAD", `${sandboxes}/a`);
    expect(reply).toMatchObject({ status: 200, text: "", headers: { "content-length": "13" } });
    expect(handle).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ route: "getSandbox" }));
    expect(await send("HEAD", `${sandboxes}/a/exec`)).toMatchObject({ status: 405, headers: { allow: "POST" } });
  });

  it("is answered in JSON that no browser takes for anything else", async () => {
    const { headers } = await send("GET", `${sandboxes}/a`);
    expect(headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
    expect(headers).not.toHaveProperty("x-powered-by");
  });

  it("whose client leaves in the middle of the body reaches nobody", async () => {
    const { port } = server.address() as AddressInfo;
    const headers = { authorization: "Bearer good", "content-length": "100" };
    const request = httpRequest({ port, host: "127.0.0.1", method: "POST", path: sandboxes, headers });
    authorising = async () => void request.destroy();
    request.on("error", () => {}).write("{");
    await eventually(() => expect(lines).toHaveLength(1));
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ route: "createSandbox", status: 499 });
    expect(handle).not.toHaveBeenCalled();
  });

  it("that the audit log has told of leaves another line only if it fails", async () => {
    handle = async ({ facts }) => void (facts.audited = true);
    await send("DELETE", `${sandboxes}/a`);
    handle = async ({ facts }) => {
      facts.audited = true;
      throw new SandkeepError("unavailable", "sandbox", "broke off");
    };
    await send("DELETE", `${sandboxes}/a`);
    await eventually(() => expect(lines).not.toHaveLength(0));
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ status: 503 }]);
  });

  it("with a method that the resource has not is told which it has", async () => {
    const reply = await send("PUT", `${sandboxes}/a`);
    expect(reply).toMatchObject({
      status: 405,
      headers: { allow: "GET, PATCH, DELETE" },
      body: { code: "not_supported" },
    });
  });

  it("without a token is told how to get one, whatever its body", async () => {
    const reply = await send("POST", sandboxes, { token: "", body: "{" });
    expect(reply).toMatchObject({ status: 401, body: { code: "unauthenticated", resource: "token" } });
    expect(reply.headers["www-authenticate"]).toBe("Bearer");
  });

  it("without a right learns nothing of the sandbox or of its own body", async () => {
    const reply = await send("POST", `${sandboxes}/a/exec`, { token: "weak", body: '{"bad":1}' });
    expect(reply).toMatchObject({ status: 403, body: { code: "permission_denied" } });
    expect(handle).not.toHaveBeenCalled();
  });

  it("whose handler fails unexpectedly is told nothing of it, and the log everything", async () => {
    handle = async () => {
      throw new TypeError("hunter2 is not a function");
    };
    const reply = await send("GET", `${sandboxes}/a`);
    expect(reply).toMatchObject({ status: 500, body: { code: "internal" } });
    expect(reply.text).not.toContain("hunter2");
    expect(lines.join("")).toContain("hunter2");
  });

  it("is refused when its handler throws what cannot be put into JSON", async () => {
    const details = JSON.parse(`{"deep":${"[".repeat(50_000)}${"]".repeat(50_000)}}`);
    handle = async () => {
      throw new SandkeepError("not_found", "process", "hostile", { details });
    };
    const { status, body } = await send("GET", `${sandboxes}/a`);
    expect({ status, body }).toMatchObject({ status: 500, body: { code: "internal" } });
  });

  it("is refused in JSON also when its handler fails just before the first octet of another type", async () => {
    handle = async ({ response }) => {
      response.setHeader("Content-Type", "application/octet-stream");
      throw new SandkeepError("unavailable", "sandbox", "broke off");
    };
    const { status, body } = await send("GET", `${sandboxes}/a/processes/p/stdout`);
    expect({ status, body }).toMatchObject({ status: 503, body: { code: "unavailable", message: "broke off" } });
  });

  it("is cut when its handler fails in the middle of the reply", async () => {
    handle = async ({ response }) => {
      response.write("half");
      throw new SandkeepError("unavailable", "sandbox", "gone");
    };
    await expect(send("GET", `${sandboxes}/a/processes/p/stdout`)).rejects.toThrow(/aborted|hang up|reset/);
  });

  it("tells its handler when the client has gone", async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const { promise: called, resolve: begun } = Promise.withResolvers<void>();
    handle = async ({ signal }) => {
      begun();
      await new Promise((done) => signal.addEventListener("abort", done));
      resolve(signal.reason);
    };
    const { port } = server.address() as AddressInfo;
    const path = `${sandboxes}/a`;
    const request = httpRequest({ port, host: "127.0.0.1", path, headers: { authorization: "Bearer good" } });
    request.on("error", () => {}).end();
    await called;
    request.destroy();
    expect(await promise).toMatchObject({ code: "unavailable" });
  });

  it("tells its handler of a client that had gone before it was called", async () => {
    const { promise: asking, resolve: asks } = Promise.withResolvers<void>();
    const { promise: left, resolve: leave } = Promise.withResolvers<void>();
    const { promise: called, resolve: call } = Promise.withResolvers<AbortSignal>();
    authorising = async () => {
      asks();
      await left;
    };
    handle = async ({ signal }) => call(signal);
    server.once("connection", (socket) => socket.once("close", () => setImmediate(leave)));
    const { port } = server.address() as AddressInfo;
    const path = `${sandboxes}/a`;
    const request = httpRequest({ port, host: "127.0.0.1", path, headers: { authorization: "Bearer good" } });
    request.on("error", () => {}).end();
    await asking;
    request.destroy();
    expect((await called).reason).toMatchObject({ code: "unavailable" });
  });

  it("leaves a line in the log, without token, body or environment", async () => {
    await send("POST", `${sandboxes}/a/exec?startTimeoutSeconds=7`, {
      body: '{"command":["login","hunter1"],"env":{"PASSWORD":"hunter2"},"secretValues":{"KEY":"hunter3"},"stdin":"aHVudGVyNA=="}',
    });
    await eventually(() => expect(lines).toHaveLength(1));
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      route: "exec",
      status: 200,
      user: "good",
      namespace: "ns",
      sandbox: "a",
    });
    expect(lines[0]).not.toMatch(/hunter|aHVudGVyNA|Bearer/);
  });

  it.each([
    ["/healthz", true, 200],
    ["/healthz", false, 200],
    ["/readyz", true, 200],
    ["/readyz", false, 503],
  ])("to %s, ready: %s, is answered %i without a token", async (path, isReady, status) => {
    ready = isReady;
    expect((await send("GET", path, { token: "" })).status).toBe(status);
  });
});
