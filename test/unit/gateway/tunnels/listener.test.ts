import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Sandbox } from "../../../../src/api/sandbox.ts";
import { Certificates } from "../../../../src/gateway/tunnels/certificates.ts";
import { TunnelListener } from "../../../../src/gateway/tunnels/listener.ts";
import { LiveConnections } from "../../../../src/gateway/tunnels/live.ts";
import { hostsOf, router } from "../../../../src/gateway/tunnels/route.ts";
import { connectHost, tunnelHost } from "../../../../src/lib/tunnel-host.ts";
import { eventually } from "../../../support/eventually.ts";
import { aSandbox } from "../a-sandbox.ts";

const domain = "tunnels.example";
const inside = new Set<Socket>();
let program: Server;
let sandbox: Sandbox;
let live: LiveConnections;
let listener: TunnelListener;
let port: number;
/** What the program inside does with a connection; it echoes. */
let behave: (socket: Socket) => void;

beforeEach(async () => {
  behave = (socket) => void socket.pipe(socket);
  program = createServer({ allowHalfOpen: true }, (socket) => {
    inside.add(socket);
    socket.on("error", () => {}).once("close", () => inside.delete(socket));
    behave(socket);
  }).listen(0, "127.0.0.1");
  await once(program, "listening");
  const containerPort = (program.address() as AddressInfo).port;
  sandbox = aSandbox({
    spec: { tunnels: [{ port: containerPort }, { port: 1 }] },
    status: {
      phase: "Started",
      tunnels: [containerPort, 1].map((port) => ({ containerPort: port, host: tunnelHost("uid-1", port, domain) })),
    },
  });
  live = new LiveConnections(3);
  const certificates = await Certificates.open([], domain);
  listener = new TunnelListener({
    route: router({
      sandboxesAt: (host) => (hostsOf(sandbox).includes(host) ? [sandbox] : []),
      isServedHere: () => true,
    }),
    addressOf: () => "127.0.0.1",
    contextFor: (name) => certificates.contextFor(name),
    live,
    connect: { serve: (socket, { metadata }, client) => socket.end(`${metadata.name} for ${client}`) },
  });
  port = await listener.listen(0, "127.0.0.1");
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
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
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

it("passes on 64 MiB as they are, to a client that begins late", async () => {
  const size = 64 << 20;
  behave = (socket) => void socket.end(Buffer.alloc(size, "x"));
  const socket = dial(hostOf(0));
  await once(socket, "secureConnect");
  let octets = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) octets += chunk.length;
  expect(octets).toBe(size);
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

it("cuts clients of a sandbox that has finished, or is gone", async () => {
  for (const object of [{ ...sandbox, status: { phase: "Finished" as const } }, undefined]) {
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
