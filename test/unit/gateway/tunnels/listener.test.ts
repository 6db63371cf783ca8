import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectPlain, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Sandbox } from "../../../../src/api/sandbox.ts";
import { Certificates } from "../../../../src/gateway/tunnels/certificates.ts";
import { TunnelListener } from "../../../../src/gateway/tunnels/listener.ts";
import { LiveConnections } from "../../../../src/gateway/tunnels/live.ts";
import { hostsOf, router, type Router } from "../../../../src/gateway/tunnels/route.ts";
import { connectHost, tunnelHost } from "../../../../src/lib/tunnel-host.ts";
import { eventually } from "../../../support/eventually.ts";
import { silentLog } from "../../../support/silent-log.ts";
import { aSandbox } from "../a-sandbox.ts";

const domain = "tunnels.example";
const inside = new Set<Socket>();
let program: Server;
let sandbox: Sandbox;
let routes: Router;
let live: LiveConnections;
let uses: number;
let listener: TunnelListener;
let port: number;
let plainPort: number;
/** Whether connections come through a load balancer. */
let proxied: boolean;
/** Whether they come through one that ends TLS itself. */
let isTrustedHop: boolean;
/** What the program inside does with a connection; it echoes. */
let behave: (socket: Socket) => void;

beforeEach(async () => {
  proxied = false;
  behave = (socket) => void socket.pipe(socket);
  program = createServer({ allowHalfOpen: true }, (socket) => {
    inside.add(socket);
    socket.on("error", () => {}).once("close", () => inside.delete(socket));
    behave(socket);
  }).listen(0, "127.0.0.1");
  await once(program, "listening");
  const containerPort = (program.address() as AddressInfo).port;
  const tunnels = [containerPort, 1].map((port) => ({ containerPort: port, host: tunnelHost("uid-1", port, domain) }));
  sandbox = aSandbox({
    spec: { tunnels: [{ port: containerPort, protocol: "TCP" }, { port: 1 }] },
    status: { phase: "Started", tunnels },
  });
  isTrustedHop = false;
  live = new LiveConnections({ sandbox: 3, namespace: 6 });
  routes = router({
    sandboxesAt: (host) => (hostsOf(sandbox).includes(host) ? [sandbox] : []),
    termsOf: () => ({ mode: "Gateway", connectDomain: domain }),
    isTrustedHop: () => isTrustedHop,
  });
  uses = 0;
  const certificates = await Certificates.open([], domain, silentLog);
  listener = new TunnelListener({
    route: routes,
    addressOf: () => "127.0.0.1",
    isProxy: () => proxied,
    contextFor: (name) => certificates.contextFor(name),
    live,
    connect: { serve: (socket, { metadata }, client) => socket.end(`${metadata.name} for ${client}`) },
    beginUse: () => {
      uses++;
      return () => void uses--;
    },
  });
  port = await listener.listen(0, "127.0.0.1");
  // Which port is free is not known before: the listener learns of it as a range.
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  plainPort = (probe.address() as AddressInfo).port;
  probe.close();
  await once(probe, "close");
  await listener.listenPlain(plainPort, "127.0.0.1");
  Object.assign(tunnels[0] ?? {}, { unencryptedHost: tunnels[0]?.host, unencryptedPort: plainPort });
  sandbox = { ...sandbox, status: { phase: "Started", tunnels } };
});

afterEach(async () => {
  await listener.drain(0);
  program.close();
});

function hostOf(index: number): string {
  return sandbox.status?.tunnels?.[index]?.host ?? "";
}

function dial(servername: string, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: false, ...options });
  socket.on("error", () => {});
  return socket;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => void socket.once("close", () => resolve()));
}

async function read(socket: Socket): Promise<string> {
  return (await octetsOf(socket)).toString();
}

async function octetsOf(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

it("passes octets on in both directions, and the end of each", async () => {
  const socket = dial(hostOf(0));
  socket.end("hello");
  expect(await read(socket)).toBe("hello");
  await eventually(() => expect(inside.size).toBe(0));
});

it("lets the program speak first and end first", async () => {
  behave = (socket) => void socket.end("220 ready\r\n");
  expect(await read(dial(hostOf(0)))).toBe("220 ready\r\n");
});

it.each(["TLS", "TCP"])("passes on 32 MiB of %s each way as they are, to clients that begin late", async (protocol) => {
  const contents = randomBytes(32 << 20);
  const sockets = [0, 1].map(() => (protocol === "TLS" ? dial(hostOf(0)) : connectPlain(plainPort, "127.0.0.1")));
  for (const socket of sockets) socket.end(contents);
  await Promise.all(sockets.map((socket) => once(socket, "readable")));
  for (const received of await Promise.all(sockets.map(octetsOf))) expect(received.equals(contents)).toBe(true);
});

it("counts a sandbox as used for as long as a connection to it is open", async () => {
  const sockets = [dial(hostOf(0)), connectPlain(plainPort, "127.0.0.1")];
  for (const socket of sockets) socket.write("hello");
  await Promise.all(sockets.map((socket) => once(socket, "data")));
  expect(uses).toBe(2);
  for (const socket of sockets) socket.end();
  await eventually(() => expect(uses).toBe(0));
});

it("hands connections for tokens over, with the client's address", async () => {
  expect(await read(dial(connectHost("uid-1", domain)))).toBe("a for 127.0.0.1");
});

it("presents a certificate for the host", async () => {
  const socket = dial(hostOf(0));
  await once(socket, "secureConnect");
  expect(socket.getPeerX509Certificate()?.checkHost(hostOf(0))).toBeDefined();
  socket.destroy();
});

it.each([
  ["TLSv1.2", undefined],
  ["TLSv1.3", undefined],
  ["TLSv1.3", ["http/1.1"]],
] as const)("ends the handshake for a host that nobody has, under %s with ALPN %s", async (maxVersion, offered) => {
  const options = { maxVersion, ...(offered && { ALPNProtocols: [...offered] }) };
  for (const name of [tunnelHost("uid-2", 80, domain), "localhost"]) {
    const socket = dial(name, options);
    let secured = false;
    socket.once("secureConnect", () => (secured = true));
    await closed(socket);
    expect(secured).toBe(false);
  }
});

it("ends a connection that names no host", async () => {
  const socket = dial("");
  let secured = false;
  socket.once("secureConnect", () => (secured = true));
  await closed(socket);
  expect(secured).toBe(false);
});

it.each([["http/1.1"], undefined])("ends a connection whose ClientHello has no name, with ALPN %j", async (offered) => {
  const socket = connect({
    host: "127.0.0.1",
    port,
    rejectUnauthorized: false,
    ...(offered && { ALPNProtocols: offered }),
  });
  socket.on("error", () => {});
  await closed(socket);
  expect(socket.getCipher()).toBeFalsy();
});

it("asks again who is admitted once the handshake is over", async () => {
  const socket = dial(hostOf(0));
  const asked = vi.spyOn(routes, "byName");
  asked.mockImplementation((name, client) => {
    asked.mockRestore();
    const route = routes.byName(name, client);
    sandbox = { ...sandbox, spec: { ...sandbox.spec, network: { inbound: { cidrs: [] } } } };
    return route;
  });
  socket.write("a");
  expect(await read(socket).catch(() => "")).toBe("");
  expect(inside.size).toBe(0);
});

it("closes when nothing listens inside", async () => {
  expect(await read(dial(hostOf(1)).on("error", () => {})).catch(() => "")).toBe("");
});

it("cuts clients that the sandbox admits no longer, and only those", async () => {
  const socket = dial(hostOf(0));
  socket.write("a");
  await once(socket, "data");
  const before = sandbox;
  sandbox = { ...sandbox, spec: { ...sandbox.spec, network: { inbound: { cidrs: ["127.0.0.0/8"] } } } };
  live.review({ key: "ns/a", object: sandbox, previous: before });
  socket.write("b");
  await once(socket, "data");
  sandbox = { ...sandbox, spec: { ...sandbox.spec, network: { inbound: { cidrs: ["203.0.113.0/24"] } } } };
  live.review({ key: "ns/a", object: sandbox, previous: before });
  await closed(socket);
  await eventually(() => expect(inside.size).toBe(0));
});

it("lets a trusted hop come with requests for any client, each of which is looked at by itself, and to no tunnel", async () => {
  isTrustedHop = true;
  const before = sandbox;
  sandbox = { ...sandbox, spec: { ...sandbox.spec, network: { inbound: { cidrs: ["203.0.113.0/24"] } } } };
  live.review({ key: "ns/a", object: sandbox, previous: before });
  expect(await read(dial(connectHost("uid-1", domain)))).toBe("a for 127.0.0.1");
  await closed(dial(hostOf(0)));
  expect(inside.size).toBe(0);
});

it("cuts clients of a sandbox that has finished, is kept from the network, or is gone", async () => {
  const blocked = { ...sandbox, spec: { ...sandbox.spec, network: { block: true } } };
  for (const object of [{ ...sandbox, status: { phase: "Finished" as const } }, blocked, undefined]) {
    const socket = dial(hostOf(0));
    socket.write("a");
    await once(socket, "data");
    live.review({ key: "ns/a", previous: sandbox, ...(object && { object }) });
    await closed(socket);
  }
});

it("lets no sandbox have more connections than its share", async () => {
  const sockets = [0, 1, 2].map(() => dial(hostOf(0)));
  await eventually(() => expect(inside.size).toBe(3));
  expect(await read(dial(hostOf(0))).catch(() => "")).toBe("");
  sockets[0]?.destroy();
  await eventually(() => expect(inside.size).toBe(2));
  const socket = dial(hostOf(0));
  socket.write("a");
  await once(socket, "data");
  for (const one of [...sockets, socket]) one.destroy();
});

it("tells the client when the program inside breaks off", async () => {
  behave = (socket) => void setImmediate(() => socket.resetAndDestroy());
  const socket = dial(hostOf(0));
  socket.write("a");
  await closed(socket);
});

it("passes on what is not encrypted from the port that the sandbox has, and resets what breaks off", async () => {
  const socket = connectPlain(plainPort, "127.0.0.1");
  socket.end("hello");
  expect(await read(socket)).toBe("hello");
  behave = (inside) => void inside.write("half", () => inside.resetAndDestroy());
  const broken = connectPlain(plainPort, "127.0.0.1");
  const [error] = (await once(broken.resume(), "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNRESET");
});

function header(client: string): string {
  return `PROXY TCP4 ${client} 192.0.2.1 5000 443\r\n`;
}

async function through(first: string): Promise<string> {
  const raw = connectPlain(port, "127.0.0.1");
  raw.on("error", () => {});
  raw.write(first);
  const socket = connect({ socket: raw, servername: hostOf(0), rejectUnauthorized: false });
  socket.on("error", () => {});
  socket.end("hello");
  return await read(socket).catch(() => "");
}

describe("behind a load balancer", () => {
  beforeEach(() => {
    proxied = true;
    sandbox = { ...sandbox, spec: { ...sandbox.spec, network: { inbound: { cidrs: ["203.0.113.0/24"] } } } };
  });

  it("goes by the client that it names", async () => {
    expect(await through(header("203.0.113.1"))).toBe("hello");
    expect(await through(header("198.51.100.1"))).toBe("");
  });

  it("takes nothing without a header, and a header of nobody else", async () => {
    sandbox = { ...sandbox, spec: { ...sandbox.spec, network: {} } };
    expect(await through("")).toBe("");
    expect(await through("PROXY UNKNOWN\r\n")).toBe("hello");
    proxied = false;
    expect(await through(header("203.0.113.1"))).toBe("");
  });

  it("reads the header of what is not encrypted, also in pieces and with octets behind it", async () => {
    const socket = connectPlain(plainPort, "127.0.0.1");
    socket.setNoDelay(true);
    const [first, second] = [header("203.0.113.1").slice(0, 9), header("203.0.113.1").slice(9)];
    socket.write(first);
    await new Promise(setImmediate);
    socket.end(`${second}hello`);
    expect(await read(socket)).toBe("hello");
  });
});
