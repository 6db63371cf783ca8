import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { request as sendRequest, type RequestOptions } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import type { Sandbox } from "../../../../src/api/sandbox.ts";
import { ConnectServer } from "../../../../src/gateway/connect/server.ts";
import { annotationOf } from "../../../../src/gateway/connect-tokens/revocations.ts";
import { signToken } from "../../../../src/gateway/connect-tokens/token.ts";
import { Certificates } from "../../../../src/gateway/tunnels/certificates.ts";
import { TunnelListener } from "../../../../src/gateway/tunnels/listener.ts";
import { LiveConnections } from "../../../../src/gateway/tunnels/live.ts";
import { connectHost } from "../../../../src/lib/tunnel-host.ts";
import { logOptions } from "../../../../src/log.ts";
import { eventually } from "../../../support/eventually.ts";
import { silentLog } from "../../../support/silent-log.ts";
import { opened, openWebSocket } from "../../../support/web-socket.ts";
import { aSandbox } from "../a-sandbox.ts";
import { aGrant, keyOf, signingKey, tokenFor } from "./tokens.ts";

const host = connectHost("uid-1", "tunnels.example");
const started = aSandbox({ status: { phase: "Started" } });

let current: Sandbox | undefined;
let program: Server;
let behave: (request: IncomingMessage, response: ServerResponse) => void;
let server: ConnectServer;
let serve: ConnectServer;
let listener: TunnelListener;
let port: number;
let token: string;
let lines: string[];
let uses: number;
let isTrustedHop: boolean;
const beginUse = () => {
  uses++;
  return () => void uses--;
};

beforeEach(async () => {
  current = started;
  behave = (request, response) => response.end(JSON.stringify({ url: request.url, headers: request.rawHeaders }));
  program = createServer((request, response) => behave(request, response)).listen(0, "127.0.0.1");
  await once(program, "listening");
  token = await tokenFor({ port: programPort(), userMetadata: "alice" });
  lines = [];
  isTrustedHop = false;
  uses = 0;
  const log = pino(logOptions, { write: (line: string) => void lines.push(line) });
  server = new ConnectServer({
    keyOf,
    current: () => current,
    addressOf: () => "127.0.0.1",
    beginUse,
    isTrustedHop: (address) => isTrustedHop && address === "127.0.0.1",
    log,
  });
  serve = server;
  const certificates = await Certificates.open([], "tunnels.example", silentLog);
  listener = new TunnelListener({
    route: {
      byName: (name) => (name === host ? { kind: "connect", sandbox: started, isHop: false } : undefined),
      byPort: () => undefined,
    },
    isProxy: () => false,
    addressOf: () => undefined,
    contextFor: (name) => certificates.contextFor(name),
    live: new LiveConnections(),
    connect: { serve: (...connection) => serve.serve(...connection) },
    beginUse: () => expect.unreachable(),
  });
  port = await listener.listen(0, "127.0.0.1");
});

afterEach(async () => {
  server.close();
  await listener.drain(0);
  program.closeAllConnections();
  program.close();
});

function programPort(): number {
  return (program.address() as AddressInfo).port;
}

const here = () => ({ host: "127.0.0.1", port, servername: host, rejectUnauthorized: false });
const bearer = () => ({ host, authorization: `Bearer ${token}` });
const said = (forwardedFor: string) => ({ headers: { ...bearer(), "X-Forwarded-For": forwardedFor } });

interface Reply {
  status: number | undefined;
  headers: IncomingMessage["headers"];
  body: string;
}

/** Sends a request and reads all of the reply. */
async function send(options: RequestOptions & { body?: string } = {}): Promise<Reply> {
  const { body, ...rest } = options;
  const request = sendRequest({ ...here(), agent: false, headers: bearer(), ...rest });
  // Its connection may end before all of the body has been sent.
  request.on("error", () => {});
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** What comes back for these octets, until the gateway has closed the connection. */
async function sendOctets(octets: string): Promise<string> {
  const socket = connect(here());
  socket.on("error", () => {});
  socket.write(octets, "latin1");
  return await text(socket);
}

describe("a request with a connect token", () => {
  it("reaches the program without the token and with what the token says", async () => {
    const { status, body } = await send({
      path: "/a/%2e%2e?b=1",
      headers: { ...bearer(), "x_verified_user-data": "root", cookie: "c=1" },
    });
    const { url, headers } = JSON.parse(body) as { url: string; headers: string[] };
    expect(status).toBe(200);
    expect(url).toBe("/a/%2e%2e?b=1");
    expect(headers).toEqual([
      "cookie",
      "c=1",
      "Host",
      host,
      "X-Forwarded-For",
      "127.0.0.1",
      "X-Forwarded-Host",
      host,
      "X-Forwarded-Proto",
      "https",
      "X-Verified-User-Data",
      "alice",
      "Connection",
      "keep-alive",
    ]);
    expect(body + lines.join()).not.toContain(token);
  });

  it("is sent to the same place with a cookie for the token in its URL, and goes on with that", async () => {
    const first = await send({ path: `/a?b=1&_sandkeep_connect_token=${token}`, headers: { host } });
    expect(first.status).toBe(302);
    expect(first.headers).toMatchObject({
      location: `https://${host}/a?b=1`,
      "set-cookie": [
        expect.stringMatching(
          /^__Host-sandkeep-connect=[^;]+; Max-Age=3(600|599|598); Path=\/; Secure; HttpOnly; SameSite=Lax$/,
        ),
      ],
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
    });
    const [cookie = ""] = first.headers["set-cookie"]?.[0]?.split(";") ?? [];
    const second = await send({ path: "/a?b=1", headers: { host, cookie } });
    expect(JSON.parse(second.body)).toMatchObject({ url: "/a?b=1", headers: expect.not.arrayContaining(["cookie"]) });
    expect(second.body + lines.join()).not.toContain(token);
  });

  it.each([
    [{ headers: { host } }, 401],
    [{ headers: { host, authorization: "Bearer x" } }, 401],
    [{ path: "/?_sandkeep_connect_token=x", headers: { host } }, 401],
  ])("is refused without a token that holds: %j", async (options, status) => {
    behave = () => expect.unreachable();
    const reply = await send(options);
    expect(reply.status).toBe(status);
    expect(reply.headers["www-authenticate"]).toBe("Bearer");
    expect(reply.headers["referrer-policy"]).toBe("no-referrer");
  });

  it("is refused when nothing listens at its port, and when the sandbox has gone", async () => {
    const closed = await tokenFor({ port: 1 });
    expect((await send({ headers: { host, authorization: `Bearer ${closed}` } })).status).toBe(502);
    current = undefined;
    expect(await send()).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  });

  it("has a reply that is none refused, and one that breaks off broken off", async () => {
    behave = ({ socket }) => void socket.end("SSH-2.0-x\r\n");
    expect((await send()).status).toBe(502);
    behave = ({ socket }) => void socket.destroy();
    expect((await send()).status).toBe(502);
    for (const first of ["101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x", "100 Continue"]) {
      behave = ({ socket }) => void socket.end(`HTTP/1.1 ${first}\r\n\r\n`);
      expect((await send()).status).toBe(502);
    }
    behave = (_, response) => {
      response.write("half");
      setImmediate(() => response.destroy());
    };
    await expect(send()).rejects.toThrow("aborted");
  });

  it("streams both ways at once", async () => {
    behave = (request, response) => void request.pipe(response);
    const request = sendRequest({ ...here(), agent: false, method: "POST", headers: bearer() });
    request.write("ping");
    const [response] = (await once(request, "response")) as [IncomingMessage];
    expect(String((await once(response, "data"))[0])).toBe("ping");
    expect(uses).toBe(1);
    request.end("pong");
    expect(await text(response)).toBe("pong");
    await eventually(() => expect(uses).toBe(0));
  });

  it("keeps a program waiting whose client does not read, and a client whose program does not", async () => {
    let sent = 0;
    const chunk = Buffer.alloc(1 << 16);
    behave = (_, response) => {
      const pour = (): void => {
        while (sent < 1 << 28 && response.write(chunk)) sent += chunk.length;
      };
      response.on("drain", pour);
      pour();
    };
    const request = sendRequest({ ...here(), agent: false, headers: bearer() });
    request.end();
    const [response] = (await once(request, "response")) as [IncomingMessage];
    let last = -1;
    await eventually(() => {
      const before = last;
      last = sent;
      expect(sent).toBe(before);
    });
    expect(sent).toBeLessThan(1 << 26);
    response.destroy();
  });

  it("has its answer before the program has read all", async () => {
    behave = (_, response) => response.writeHead(413).end("too large");
    const reply = await send({ method: "POST", body: "x".repeat(1 << 22) });
    expect(reply).toMatchObject({ status: 413, body: "too large" });
  });

  it("keeps the gateway's cookie and those of other hosts from the program", async () => {
    behave = (_, response) => {
      response.setHeader("Set-Cookie", ["__Host-sandkeep-connect=x; Secure; Path=/", "a=1; Domain=tunnels.example"]);
      response.end();
    };
    expect((await send()).headers["set-cookie"]).toEqual(["a=1"]);
  });

  it.each(["HEAD", "GET", "DELETE", "OPTIONS", "PATCH"])("has its method: %s", async (method) => {
    behave = (request, response) =>
      response
        .setHeader("X-Method", request.method ?? "")
        .setHeader("Content-Length", "2")
        .end("ok");
    const { headers, body } = await send({ method });
    expect(headers).toMatchObject({ "x-method": method, "content-length": "2" });
    expect(body).toBe(method === "HEAD" ? "" : "ok");
  });

  it("waits for the one before it on its connection, of which there may be few", async () => {
    let most = 0;
    let underWay = 0;
    behave = ({ url = "" }, response) => {
      most = Math.max(most, ++underWay);
      setImmediate(() => {
        underWay--;
        response.end(`<${url}>`);
      });
    };
    const head = `Host: ${host}\r\nAuthorization: Bearer ${token}\r\n`;
    const requests = Array.from({ length: 9 }, (_, number) => `GET /${number} HTTP/1.1\r\n${head}\r\n`);
    const replies = await sendOctets(`${requests.join("")}GET /last HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
    expect(replies.match(/<[^>]*>/g)?.join("")).toBe("</0></1></2></3></4></5></6></7></8></last>");
    expect(most).toBe(1);
    const flood = Array.from({ length: 100 }, () => requests[0]).join("");
    expect(await sendOctets(flood)).toContain("HTTP/1.1 400 ");
    expect(most).toBe(1);
  });

  it("is not forwarded when its token was revoked while it was checked", async () => {
    behave = () => expect.unreachable();
    const states = [started, aSandbox({ ...started.metadata, annotations: annotationOf({ round: "r", ids: [] }) })];
    const checking = new ConnectServer({
      keyOf,
      current: () => states.shift(),
      addressOf: () => "127.0.0.1",
      beginUse,
      isTrustedHop: () => false,
      log: silentLog,
    });
    serve = checking;
    expect((await send()).status).toBe(503);
    checking.close();
  });

  it.each([{ block: true }, { inbound: { cidrs: ["203.0.113.0/24"] } }])(
    "is refused once the sandbox does not admit the client: %j",
    async (network) => {
      behave = () => expect.unreachable();
      current = aSandbox({ spec: { network }, status: { phase: "Started" } });
      expect((await send()).status).toBe(503);
    },
  );

  it("is for the client that a trusted hop names, as the program is told and the sandbox admits", async () => {
    expect(JSON.parse((await send(said("203.0.113.9"))).body)).toMatchObject({
      headers: expect.arrayContaining(["X-Forwarded-For", "127.0.0.1"]),
    });
    isTrustedHop = true;
    current = aSandbox({ spec: { network: { inbound: { cidrs: ["203.0.113.0/24"] } } }, status: { phase: "Started" } });
    const { body } = await send(said("198.51.100.1, 127.0.0.1, 203.0.113.9"));
    expect(body).toContain('"X-Forwarded-For","203.0.113.9"');
    expect((await send(said("203.0.113.9, 198.51.100.1"))).status).toBe(503);
    expect((await send(said("somebody"))).status).toBe(400);
    expect((await send()).status).toBe(400);
  });

  it("ends once the sandbox does not admit the client that a trusted hop names", async () => {
    isTrustedHop = true;
    behave = (_, response) => void response.write("begun");
    const socket = connect(here());
    socket.write(
      `GET / HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-For: 203.0.113.9\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    await once(socket, "data");
    const closed = once(socket.on("error", () => {}).resume(), "close");
    const elsewhere = aSandbox({
      spec: { network: { inbound: { cidrs: ["198.51.100.0/24"] } } },
      status: { phase: "Started" },
    });
    server.onChange({ key: "ns/a", object: elsewhere, previous: started });
    await closed;
  });

  it("has its reply when the gateway ends meanwhile, and its connection ends with it", async () => {
    const idle = connect(here());
    const asked = connect(here());
    const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    idle.write(request);
    await once(idle, "data");
    const held = Promise.withResolvers<ServerResponse>();
    behave = (_, response) => held.resolve(response);
    asked.write(request);
    const response = await held.promise;
    server.drain();
    await once(idle, "close");
    response.end("done");
    expect(await text(asked)).toContain("done");
  });

  it("has its body, also with a method that seldom has one", async () => {
    behave = (request, response) =>
      void text(request).then((body) => response.end(`${request.headers["transfer-encoding"]} ${body}`));
    const chunked = { ...bearer(), "transfer-encoding": "chunked" };
    expect((await send({ method: "GET", body: "hello", headers: chunked })).body).toBe("chunked hello");
    expect((await send({ method: "POST", body: "hello", headers: { ...bearer(), "content-length": "5" } })).body).toBe(
      "undefined hello",
    );
  });
});

describe("a request that may be read in two ways", () => {
  const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  const table: [string, string][] = [
    ["both lengths", `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ["two lengths", `Content-Length: 0\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`],
    ["a length that is no number", `Content-Length: +0\r\n\r\n${smuggled}`],
    ["two encodings", `Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ["an encoding in disguise", `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
    ["a space before the colon", `Content-Length : ${smuggled.length}\r\n\r\n${smuggled}`],
    ["a folded line", `X-A: 1\r\n Content-Length: 5\r\n\r\n${smuggled}`],
    ["a bare line feed", `X-A: 1\nContent-Length: 5\r\n\r\n${smuggled}`],
    ["a bare carriage return", `X-A: 1\rContent-Length: 5\r\n\r\n${smuggled}`],
    ["a zero octet", `X-A: \0\r\n\r\n${smuggled}`],
  ];

  it.each(table)("does not reach the program: %s", async (_, rest) => {
    const seen: string[] = [];
    behave = ({ url = "" }, response) => {
      seen.push(url);
      response.end();
    };
    const reply = await sendOctets(`POST / HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n${rest}`);
    expect(reply).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).toEqual([]);
  });

  it("does not leave HTTP for anything but a WebSocket", async () => {
    const reply = await send({
      headers: { ...bearer(), connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAM" },
    });
    expect(reply.status).toBe(200);
    expect(reply.body).not.toMatch(/h2c|http2|upgrade/i);
  });
});

/** A WebSocket to the program. */
async function open(
  options: { path?: string; headers?: Record<string, string>; protocols?: string[] } = {},
): Promise<WebSocket> {
  const { path = "/", headers = bearer(), protocols = [] } = options;
  const answer = await openWebSocket(`wss://127.0.0.1:${port}${path}`, protocols, {
    ...here(),
    headers: { host, ...headers },
  });
  const socket = opened(answer);
  socket.resume();
  return socket;
}

describe("a WebSocket with a connect token", () => {
  let programs: WebSocketServer;
  let requests: IncomingMessage[];
  let inside: Set<WebSocket>;

  beforeEach(() => {
    requests = [];
    inside = new Set();
    programs = new WebSocketServer({ server: program, perMessageDeflate: false });
    programs.on("connection", (socket, request) => {
      requests.push(request);
      inside.add(socket);
      socket.on("close", () => inside.delete(socket));
      socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }));
    });
  });

  it("carries messages both ways, with its subprotocol and what the token says", async () => {
    const socket = await open({ path: "/chat?room=1", protocols: ["chat"] });
    socket.send("hello");
    expect(String((await once(socket, "message"))[0])).toBe("hello");
    expect(socket.protocol).toBe("chat");
    expect(uses).toBe(1);
    expect(requests[0]).toMatchObject({ url: "/chat?room=1", headers: { "x-verified-user-data": "alice" } });
    expect(requests[0]?.rawHeaders.join()).not.toContain(token);
    socket.close(1000, "bye");
    expect((await once(socket, "close"))[0]).toBe(1000);
    await eventually(() => expect([inside.size, uses]).toEqual([0, 0]));
  });

  it("may have its token in the URL, where a page cannot set a header", async () => {
    const socket = await open({
      path: `/?_sandkeep_connect_token=${token}`,
      headers: { origin: "https://app.example" },
    });
    expect(requests[0]?.url).toBe("/");
    socket.close();
  });

  it("is none without a token, or where the program wants none", async () => {
    const asking = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    };
    expect((await send({ headers: { ...asking, host } })).status).toBe(401);
    programs.close();
    program.removeAllListeners("upgrade");
    expect(await send({ headers: { ...asking, ...bearer() } })).toMatchObject({
      status: 200,
      body: expect.stringContaining("alice"),
    });
  });

  it("is refused when the program does not answer, and given up when the client goes before that", async () => {
    const impatient = new ConnectServer(
      {
        keyOf,
        current: () => current,
        addressOf: () => "127.0.0.1",
        beginUse,
        isTrustedHop: () => false,
        log: silentLog,
      },
      200,
    );
    serve = impatient;
    const asked = new Set<Duplex>();
    program.removeAllListeners("upgrade");
    program.on("upgrade", (_, socket) => {
      asked.add(socket);
      socket.on("error", () => {}).once("close", () => asked.delete(socket));
      socket.resume().once("end", () => socket.destroy());
    });
    const ask = `GET / HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    expect(await sendOctets(ask)).toMatch(/^HTTP\/1\.1 502 /);
    impatient.close();
    serve = server;
    const socket = connect(here());
    socket.write(ask);
    await eventually(() => expect([asked.size, uses]).toEqual([1, 1]));
    socket.end();
    await eventually(() => expect([asked.size, uses]).toEqual([0, 0]));
    socket.destroy();
  });

  it("ends when its token expires", async () => {
    token = await tokenFor({ port: programPort(), expiresAt: Math.floor(Date.now() / 1000) + 2 });
    const socket = await open();
    expect((await once(socket, "close"))[0]).toBe(1006);
    await eventually(() => expect(inside.size).toBe(0));
  });

  it("ends when its token is revoked, and no other with it", async () => {
    const grant = aGrant({ port: programPort() });
    const other = await open();
    token = await signToken(grant, signingKey);
    const socket = await open();
    const revoked = aSandbox({
      ...started.metadata,
      annotations: annotationOf({ round: "", ids: [grant.id] }),
      status: { phase: "Started" },
    });
    const closed = once(socket, "close");
    server.onChange({ key: "ns/a", object: revoked, previous: started });
    expect((await closed)[0]).toBe(1006);
    await eventually(() => expect(inside.size).toBe(1));
    server.onChange({ key: "ns/a", previous: revoked });
    await once(other, "close");
  });

  it("ends for the program when the client breaks off, and the other way round", async () => {
    const socket = await open();
    socket.terminate();
    await eventually(() => expect(inside.size).toBe(0));
    const next = await open();
    for (const one of inside) one.terminate();
    expect((await once(next, "close"))[0]).toBe(1006);
  });
});

it("gives a client that is slow with its header no more than its time", async () => {
  const impatient = new ConnectServer(
    { keyOf, current: () => current, addressOf: () => undefined, beginUse, isTrustedHop: () => false, log: silentLog },
    100,
  );
  serve = impatient;
  const socket = connect(here());
  // The reply may be lost: what still comes resets the connection.
  socket.on("error", () => {}).resume();
  const dripping = setInterval(() => socket.write("X-A: 1\r\n"), 10);
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n`);
  await new Promise((resolve) => void socket.once("close", resolve));
  clearInterval(dripping);
  impatient.close();
});
