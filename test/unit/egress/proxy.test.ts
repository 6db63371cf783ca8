import { once } from "node:events";
import { createServer as createHttpServer, request, type Server as HttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { generate } from "selfsigned";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Network } from "../../../src/api/schema/network.ts";
import { Decisions } from "../../../src/egress/decisions/decisions.ts";
import { lookupAt } from "../../../src/egress/proxy/addresses.ts";
import { LiveConnections } from "../../../src/egress/proxy/live.ts";
import { Outside } from "../../../src/egress/proxy/outside.ts";
import type { ProxySettings } from "../../../src/egress/proxy/proxy-settings.ts";
import { type ProxyServer, serveProxy } from "../../../src/egress/proxy/server.ts";
import { throughProxies } from "../../../src/egress/proxy/through-proxy.ts";
import { accessOf } from "../../../src/egress/rule/access.ts";
import { silentLog } from "../../support/silent-log.ts";
import { clientHello, serverNames } from "./client-hello.ts";
import { OneClient } from "./clients.ts";
import { connectProxy, socksProxy } from "../../support/far-proxies.ts";

/** The far side: TLS and HTTP on one port each, at an address of its own where the proxy has the same ports. */
const outside = "127.0.0.2";
let tls: Server;
let http: HttpServer;
const clients = new OneClient();
let live: LiveConnections;
let decisions: Decisions;
let proxy: ProxyServer;
let settings: ProxySettings | undefined;
/** What names resolve to. */
let addresses: string[] = [];
let lookups = 0;
/** What they wait for. */
let waited: Promise<void> | undefined;

beforeAll(async () => {
  const { private: key, cert } = await generate([{ name: "commonName", value: "far" }]);
  tls = createTlsServer({ key, cert, allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  http = createHttpServer({ maxHeaderSize: 64 << 10 }, (request, response) => {
    const { method, url, headers } = request;
    text(request).then(
      (body) => response.writeHead(200, { "X-Far": "1" }).end(JSON.stringify({ method, url, headers, body })),
      () => response.destroy(),
    );
  });
  http.on("upgrade", ({ url }, socket: Socket, head: Buffer) => {
    socket.on("error", () => {});
    if (url !== "/socket") {
      socket.end("HTTP/1.1 200 OK\r\nX-Far: 1\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    socket.write(head);
    socket.pipe(socket);
  });
  await Promise.all([once(tls.listen(0, outside), "listening"), once(http.listen(0, outside), "listening")]);
});
afterAll(() => {
  tls.close();
  http.close();
});

const portOf = (server: Server | HttpServer): number => (server.address() as AddressInfo).port;

beforeEach(async () => {
  clients.network = { outbound: { domains: ["allowed.example", "*.far.example"] } };
  clients.reaches = () => true;
  clients.known = true;
  settings = undefined;
  addresses = [outside];
  lookups = 0;
  waited = undefined;
  live = new LiveConnections();
  decisions = new Decisions(silentLog);
  const read = lookupAt([]);
  const lookup = async (name: string) => {
    lookups += 1;
    await waited;
    const known = name.endsWith(".example") ? addresses : [name];
    return (await Promise.all(known.map(read))).flat();
  };
  const throughProxy = throughProxies(async () => {
    if (settings === undefined) throw new Error("no settings");
    return settings;
  }, lookup);
  const world = new Outside({ decisions, lookup, throughProxy, idleMilliseconds: 1_000 });
  const options = { clients, decisions, outside: world, live, headMilliseconds: 1_000 };
  // The same ports as the far side has, as it is outside of tests.
  proxy = await serveProxy([portOf(tls), portOf(http)], options, "127.0.0.1");
});
afterEach(() => vi.restoreAllMocks());
afterEach(() => proxy[Symbol.asyncDispose]());

function overTls(servername: string): Promise<string> {
  const socket = connectTls({ host: "127.0.0.1", port: portOf(tls), servername, rejectUnauthorized: false });
  socket.once("secureConnect", () => socket.end("hello"));
  return text(socket);
}

interface Reply {
  status: number | undefined;
  body: string;
  headers: Record<string, unknown>;
}

function get(
  host: string,
  options: { path?: string; method?: string; body?: string; headers?: string[] } = {},
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const { path = "/a?b", method = "GET", body, headers = [] } = options;
  const asking = request({
    host: "127.0.0.1",
    port: portOf(http),
    path,
    method,
    agent: false,
    setHost: false,
    headers: ["Host", `${host}:${portOf(http)}`, ...headers],
  });
  asking.once("error", reject).once("response", (response) => {
    text(response).then((body) => resolve({ status: response.statusCode, body, headers: response.headers }), reject);
  });
  asking.end(body);
  return promise;
}

describe("over TLS", () => {
  test("an allowed name is reached, and what comes back comes back", async () => {
    expect(await overTls("allowed.example")).toBe("hello");
    expect(await overTls("deep.in.far.example")).toBe("hello");
    expect(decisions.of("uid")).toMatchObject({
      allowed: 2,
      decisions: [
        { host: "deep.in.far.example" },
        { verdict: "Allowed", protocol: "TLS", host: "allowed.example", count: 1 },
      ],
    });
  });

  test("a ClientHello may come octet by octet", async () => {
    const bare = createServer().listen(0, "127.0.0.1");
    await once(bare, "listening");
    const greeting = connectTls({ port: portOf(bare), host: "127.0.0.1", servername: "allowed.example" });
    greeting.on("error", () => {});
    const [socket] = (await once(bare, "connection")) as [Socket];
    const [hello] = (await once(socket, "data")) as [Buffer];
    greeting.destroy();
    bare.close();

    const slow = connect({ port: portOf(tls), host: "127.0.0.1", noDelay: true });
    for (const octet of hello) {
      slow.write(Buffer.of(octet));
      await new Promise(setImmediate);
    }
    const [answer] = (await once(slow, "data")) as [Buffer];
    expect(answer[0]).toBe(22);
    slow.destroy();
  });

  test.each([["evil.example"], ["far.example"]])("%s is refused, and nobody asks for its address", async (name) => {
    await expect(overTls(name)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(lookups).toBe(0);
    expect(decisions.of("uid").decisions[0]).toMatchObject({ verdict: "Denied", host: name, reason: "NotAllowed" });
  });

  test("without a name there is no connection", async () => {
    await expect(overTls("")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(decisions.of("uid").decisions[0]).toMatchObject({ verdict: "Denied", protocol: "TLS", reason: "NoName" });
  });

  test("an allowed name that leads to a closed address is refused", async () => {
    clients.reaches = () => false;
    addresses = ["10.0.0.1", "169.254.169.254"];
    await expect(overTls("allowed.example")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(decisions.of("uid").decisions[0]).toMatchObject({ verdict: "Denied", reason: "NotPublic" });
  });

  test("of several addresses only those are dialled that are open", async () => {
    clients.reaches = (address) => address === outside;
    addresses = ["127.0.0.1", outside];
    expect(await overTls("allowed.example")).toBe("hello");
    expect(lookups).toBe(1);
  });

  test("a name that does not resolve, and a host that does not answer, are failures", async () => {
    addresses = [];
    await expect(overTls("allowed.example")).rejects.toMatchObject({ code: "ECONNRESET" });
    addresses = ["127.0.0.3"];
    await expect(overTls("allowed.example")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(decisions.of("uid")).toMatchObject({
      failed: 2,
      decisions: [{ reason: "Unreachable" }, { verdict: "Failed", reason: "NoSuchName" }],
    });
  });
});

/** Says something that has the connection cut. */
const cutAfter = async (what: string | Buffer): Promise<void> => {
  const socket = connect(portOf(tls), "127.0.0.1", () => socket.write(what));
  await expect(text(socket)).rejects.toMatchObject({ code: "ECONNRESET" });
};

test("what is neither TLS nor HTTP, a stranger and a sandbox that has no business here are cut", async () => {
  await cutAfter(Buffer.from([0, 1, 2, 3]));
  await cutAfter("ssh-2.0\r\n");
  expect(decisions.of("uid").decisions[0]).toMatchObject({ protocol: "TCP", reason: "NoName", count: 2 });
  const networks: (Network | undefined)[] = [undefined, {}, { block: true }, { outbound: { cidrs: ["0.0.0.0/0"] } }];
  for (clients.network of networks) await cutAfter("GET / HTTP/1.1\r\nHost: allowed.example\r\n\r\n");
  clients.known = false;
  await cutAfter("GET / HTTP/1.1\r\nHost: allowed.example\r\n\r\n");
});

describe("over HTTP", () => {
  test("a request goes to the host that it names, and its answer comes back", async () => {
    const reply = await get("Allowed.Example", {
      method: "POST",
      body: "sent",
      headers: ["Content-Length", "4", "X-A", "1"],
    });
    expect(reply).toMatchObject({ status: 200, headers: { "x-far": "1" } });
    expect(JSON.parse(reply.body)).toMatchObject({
      method: "POST",
      url: "/a?b",
      headers: { "x-a": "1" },
      body: "sent",
    });
  });

  test("a body without a length goes through", async () => {
    const chunked = await get("allowed.example", {
      method: "PUT",
      body: "sent",
      headers: ["Transfer-Encoding", "chunked"],
    });
    expect(JSON.parse(chunked.body)).toMatchObject({ body: "sent" });
  });

  test("another host is refused in words", async () => {
    const { status, body } = await get("evil.example");
    expect({ status, body }).toEqual({
      status: 403,
      body: "Sandkeep: evil.example is not among network.outbound.domains of this sandbox.\n",
    });
    expect(await get("10.0.0.1")).toMatchObject({ status: 400 });
    addresses = ["10.0.0.1"];
    clients.reaches = () => false;
    expect(await get("allowed.example")).toMatchObject({ status: 403, body: expect.not.stringContaining("10.0.0.1") });
    expect(decisions.of("uid").decisions[0]?.message).toContain("10.0.0.1");
  });

  test("each request of a connection is judged by itself", async () => {
    const socket = connect(portOf(http), "127.0.0.1");
    const port = portOf(http);
    const ask = (host: string) => `GET /x HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`;
    socket.write(ask("allowed.example") + ask("evil.example"));
    const replies = await text(socket);
    expect(replies.match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 403"]);
  });

  test.each([
    ["GET http://evil.example/ HTTP/1.1\r\nHost: allowed.example\r\n\r\n"],
    ["GET / HTTP/1.1\r\nHost: allowed.example\r\nHost: evil.example\r\n\r\n"],
    ["GET / HTTP/1.0\r\n\r\n"],
    ["POST / HTTP/1.1\r\nHost: allowed.example\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["CONNECT evil.example:443 HTTP/1.1\r\nHost: allowed.example\r\n\r\n"],
  ])("%j is not passed on", async (sent) => {
    const socket = connect(portOf(http), "127.0.0.1", () => socket.write(sent));
    expect(await text(socket)).not.toMatch(/X-Far/);
    expect(decisions.of("uid").allowed).toBe(0);
  });

  test("of those that come at once, one at a time is looked up and dialled, and too many end the connection", async () => {
    const looked = Promise.withResolvers<void>();
    waited = looked.promise;
    const ask = `GET /x HTTP/1.1\r\nHost: allowed.example:${portOf(http)}\r\n\r\n`;
    const socket = connect(portOf(http), "127.0.0.1", () => socket.write(ask.repeat(10)));
    await vi.waitUntil(() => lookups === 1);
    expect(decisions.of("uid").allowed).toBe(0);
    looked.resolve();
    let replies = "";
    socket.on("data", (chunk: Buffer) => (replies += String(chunk)));
    await vi.waitUntil(() => replies.match(/HTTP\/1.1 200/g)?.length === 10);
    socket.destroy();

    waited = new Promise(() => {});
    const many = connect(portOf(http), "127.0.0.1", () => many.write(ask.repeat(1_000)));
    await once(
      many.on("error", () => {}),
      "close",
    );
    expect(lookups).toBeLessThanOrEqual(11);
  });

  test("a head that does not come whole ends the connection", async () => {
    const silent = connect(portOf(http), "127.0.0.1", () => silent.write("GET / HTTP/1.1\r\nHost: allowed"));
    expect(await text(silent)).toMatch(/^HTTP\/1.1 408 /);
  });

  test.each([
    ["another protocol", "/", "Upgrade: x\r\n"],
    ["HTTP/2", "/", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"],
    ["a WebSocket with a body", "/socket", "Upgrade: websocket\r\nContent-Length: 0\r\n"],
  ])("who asks for %s is answered as if not, and nothing behind it is passed on", async (_, path, upgrade) => {
    const ask = (host: string, more = "") =>
      `GET ${path} HTTP/1.1\r\nHost: ${host}:${portOf(http)}\r\nConnection: Upgrade\r\n${more}\r\n`;
    const socket = connect(portOf(http), "127.0.0.1", () => {
      socket.write(ask("allowed.example", upgrade) + ask("evil.example"));
    });
    expect((await text(socket)).match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 200"]);
  });

  test("a WebSocket that the host does not want is answered by it, and nothing behind it is passed on", async () => {
    const ask = (host: string) =>
      `GET / HTTP/1.1\r\nHost: ${host}:${portOf(http)}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    const socket = connect(portOf(http), "127.0.0.1", () => socket.write(ask("allowed.example") + ask("evil.example")));
    expect((await text(socket)).match(/HTTP\/1.1 \d+/g)).toEqual(["HTTP/1.1 200"]);
  });

  test("a WebSocket goes on as it is", async () => {
    const head = (host: string) =>
      `GET /socket HTTP/1.1\r\nHost: ${host}:${portOf(http)}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`;
    const socket = connect(portOf(http), "127.0.0.1", () => socket.end(`${head("allowed.example")}hello`));
    expect(await text(socket)).toMatch(/^HTTP\/1.1 101 .*hello$/s);
    const refused = connect(portOf(http), "127.0.0.1", () => refused.write(head("evil.example")));
    expect(await text(refused)).toMatch(/^HTTP\/1.1 403 /);
  });
});

const opened = async (servername: string): Promise<Socket> => {
  const socket = connectTls({ host: "127.0.0.1", port: portOf(tls), servername, rejectUnauthorized: false });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
};

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once("close", () => resolve()));

test("connections that are no longer allowed are cut, others go on", async () => {
  const [one, other] = [await opened("allowed.example"), await opened("a.far.example")];
  const closing = closed(one);
  clients.network = { outbound: { domains: ["*.far.example"] } };
  live.review("uid", accessOf(clients.network));
  await closing;
  other.write("still");
  expect(String(await once(other, "data"))).toBe("still");
  live.review("uid");
  await closed(other);
});

test("a connection on which nothing is said is closed, and leaves its place", async () => {
  const socket = await opened("allowed.example");
  await closed(socket);
  await live.drain(1);
  expect(live.reserve({ uid: "uid", namespace: "ns" })).toBeDefined();
});

test("an address that is nobody's by the time its connection says what it wants is not served", async () => {
  const asked = vi.spyOn(clients, "at");
  const hello = clientHello({ extensions: [serverNames("allowed.example")] });
  const socket = connect(portOf(tls), "127.0.0.1", () => socket.write(hello.subarray(0, 3)));
  await vi.waitUntil(() => asked.mock.calls.length === 1);
  clients.known = false;
  socket.write(hello.subarray(3));
  await expect(text(socket)).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(lookups).toBe(0);
});

test("places are shared: one sandbox, one namespace and all have so many", () => {
  const few = new LiveConnections({ ofOne: 2, ofNamespace: 3, inAll: 4 });
  const reserve = (uid: string, namespace: string) => few.reserve({ uid, namespace });
  const first = reserve("1", "a");
  const taken = [first, reserve("1", "a"), reserve("1", "a"), reserve("2", "a"), reserve("3", "a"), reserve("4", "b")];
  expect(taken.map((place) => place !== undefined)).toEqual([true, true, false, true, false, true]);
  expect(reserve("5", "c")).toBeUndefined();
  first?.leave();
  first?.leave();
  expect(reserve("5", "c")).toBeDefined();
  expect(reserve("6", "d")).toBeUndefined();
});

describe("through a proxy", () => {
  test.each([
    ["SOCKS5", "socks5", socksProxy],
    ["HTTP", "http", connectProxy],
  ] as const)("of %s, with credentials, all that leaves goes there", async (_, type, start) => {
    await using far = await start("user", "password");
    clients.network = { proxyName: "static" };
    settings = { type, host: "127.0.0.1", port: far.port, username: "user", password: "password" };
    expect(await overTls("whatever.example")).toBe("hello");
    expect(await get("other.example")).toMatchObject({ status: 200 });
    expect(far.asked).toEqual([`${outside}:${portOf(tls)}`, `${outside}:${portOf(http)}`]);

    clients.network = { proxyName: "static", outbound: { domains: ["allowed.example"] } };
    expect(await get("other.example")).toMatchObject({ status: 403 });
    settings = { ...settings, password: "wrong" };
    expect(await get("allowed.example")).toMatchObject({
      status: 502,
      body: "Sandkeep: allowed.example cannot be reached through the proxy of this sandbox.\n",
    });
    expect(decisions.of("uid").decisions[0]?.message).toMatch(/Proxy "static" failed/);
    expect(JSON.stringify(decisions.of("uid"))).not.toMatch(/password|wrong/);
  });

  test("a proxy at a closed address is not asked", async () => {
    clients.network = { proxyName: "static" };
    clients.reaches = (address) => address === outside;
    settings = { type: "http", host: "127.0.0.1", port: 1 };
    expect(await get("allowed.example")).toMatchObject({
      status: 502,
      body: expect.not.stringContaining("127.0.0.1"),
    });
    expect(decisions.of("uid").decisions[0]?.message).toMatch(/cannot be reached/);
  });
});
