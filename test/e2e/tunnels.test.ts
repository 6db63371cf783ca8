import { once } from "node:events";
import { request } from "node:https";
import { connect as connectHttp2 } from "node:http2";
import type { Readable } from "node:stream";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { TunnelsView } from "../../src/api/routes/tunnels.ts";
import { gatewayImage, kubectl } from "../support/installed.ts";
import { all, echoOverGrpc, openPlain, openTunnel } from "../support/tunnel-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { runtimes } from "./runtimes.ts";
import { clientOf } from "./sdk.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";
import { lateEcho, patternCheck, servers } from "./tunnel-programs.ts";

type Tunnel = TunnelsView["tunnels"][number];

const gibibyte = 1 << 30;
const patient = { timeout: 300_000 };

let tenant: Tenant;
let image: string;
beforeAll(async () => {
  tenant = await newTenant();
  image = await gatewayImage(tenant.installed);
});
afterAll(() => tenant[Symbol.asyncDispose]());

async function tunnelsOf(id: string): Promise<Tunnel[]> {
  const { status, json, text } = await tenant.gateway.send("GET", `/sandboxes/${id}/tunnels?timeoutSeconds=120`);
  expect(status, text).toBe(200);
  return (json as TunnelsView).tunnels;
}

/** A request to a tunnel over a connection of its own. */
async function get(tunnel: Tunnel, path: string): Promise<Readable & { statusCode?: number }> {
  const socket = await openTunnel(tenant.installed, tunnel, { ALPNProtocols: ["http/1.1"] });
  const sent = request({ createConnection: () => socket, path, headers: { host: tunnel.host } });
  sent.end();
  const [response] = (await once(sent, "response")) as [Readable & { statusCode?: number }];
  return response;
}

async function text(readable: Readable): Promise<string> {
  return (await all(readable as unknown as TLSSocket)).toString();
}

/** How many octets of the pattern come. */
async function count(readable: Readable): Promise<number> {
  const check = patternCheck();
  let octets = 0;
  for await (const chunk of readable as AsyncIterable<Buffer>) octets = check(chunk);
  return octets;
}

describe.each(runtimes)("tunnels to a sandbox under %s", (_, className) => {
  let id: string;
  let web: Tunnel;
  let grpc: Tunnel;
  let raw: Tunnel;

  beforeAll(async () => {
    const tunnels = [
      { port: 8000 },
      { port: 9000, protocol: "HTTP2" as const },
      { port: 7000, protocol: "TCP" as const },
    ];
    const command = ["node", "--input-type=module", "-e", servers];
    const resources = { requests: { cpu: "10m", memory: "64Mi" } };
    ({ id } = await tenant.gateway.create({ spec: { image, command, tunnels, resources, ...className } }));
    const found = await tunnelsOf(id);
    [web, grpc, raw] = [8000, 9000, 7000].map((port) => found.find(({ containerPort }) => containerPort === port)) as [
      Tunnel,
      Tunnel,
      Tunnel,
    ];
    await waitFor("the programs to listen", async () => (await text(await get(web, "/"))) !== "");
  });

  test("carry HTTP as it is", async () => {
    expect(web.url).toBe(`https://${web.host}:${web.port}`);
    expect(JSON.parse(await text(await get(web, "/a?b=c")))).toEqual({ url: "/a?b=c", host: web.host });
  });

  test("carry WebSockets", async () => {
    const tls = await openTunnel(tenant.installed, web, { ALPNProtocols: ["http/1.1"] });
    const socket = new WebSocket(`wss://${web.host}/`, { createConnection: () => tls });
    await once(socket, "open");
    socket.send(Buffer.alloc(100_000, 7));
    const [message] = (await once(socket, "message")) as [Buffer];
    expect(message.equals(Buffer.alloc(100_000, 7))).toBe(true);
    socket.close();
    await once(socket, "close");
  });

  test("carry gRPC over HTTP/2", async () => {
    expect(await echoOverGrpc(h2, grpc.host, "hello")).toEqual({ said: "hello", status: "0" });
  });

  let h2: TLSSocket;
  beforeAll(async () => {
    h2 = await openTunnel(tenant.installed, grpc, { ALPNProtocols: ["h2", "http/1.1"] });
    expect(h2.alpnProtocol).toBe("h2");
  });

  test("carry any protocol, with TLS and without, and the end of each direction", async () => {
    for (const socket of [
      await openTunnel(tenant.installed, raw),
      await openPlain(tenant.installed, raw.unencryptedPort ?? 0),
    ]) {
      socket.end("hello");
      expect((await all(socket)).toString()).toBe("hello");
    }
  });

  test("carry 1 GiB each", patient, async () => {
    expect(await count(await get(web, "/gib"))).toBe(gibibyte);
    const plain = await openPlain(tenant.installed, raw.unencryptedPort ?? 0);
    plain.write("gib");
    expect(await count(plain)).toBe(gibibyte);
    const tls = await openTunnel(tenant.installed, grpc, { ALPNProtocols: ["h2"] });
    const session = connectHttp2(`https://${grpc.host}`, { createConnection: () => tls });
    expect(await count(session.request({ ":path": "/gib" }))).toBe(gibibyte);
    session.close();
  });

  test("hold 1,000 idle connections, each of which still works", patient, async () => {
    const sockets: TLSSocket[] = [];
    while (sockets.length < 1_000)
      sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => openTunnel(tenant.installed, raw)))));
    for (const socket of sockets) socket.end("still");
    const answers = await Promise.all(sockets.map(all));
    expect(new Set(answers.map(String))).toEqual(new Set(["still"]));
  });

  test("admit only the clients that they are to, and cut others that are there", async () => {
    const socket = await openTunnel(tenant.installed, raw);
    socket.write("here");
    await once(socket, "data");
    const closed = once(socket.resume(), "close");
    const admit = (cidrs: string[]) =>
      tenant.gateway.send("PATCH", `/sandboxes/${id}`, { spec: { network: { inbound: { cidrs } } } });
    expect((await admit(["192.0.2.0/24"])).status).toBe(200);
    await closed;
    await expect(openTunnel(tenant.installed, web)).rejects.toThrow();
    expect(await all(await openPlain(tenant.installed, raw.unencryptedPort ?? 0))).toHaveLength(0);
    expect((await admit(["0.0.0.0/0", "::/0"])).status).toBe(200);
    await waitFor("clients to be admitted", async () => (await openTunnel(tenant.installed, web)).end());
  });

  test("end with the sandbox, which then is as if it had never been", async () => {
    await tenant.gateway.send("POST", `/sandboxes/${id}/terminate?wait=true`);
    const unknown = { ...web, host: web.host?.replace(/[0-9a-f]{4}/, "0000") ?? "" };
    const refusal = async (tunnel: Tunnel): Promise<unknown> =>
      openTunnel(tenant.installed, tunnel).catch((error) => error);
    await waitFor("the host to be gone", async () => (await refusal(web)) instanceof Error);
    const [gone, never] = [await refusal(web), await refusal(unknown)] as NodeJS.ErrnoException[];
    expect([gone?.code, gone?.message]).toEqual([never?.code, never?.message]);
    const { status, json } = await tenant.gateway.send("GET", `/sandboxes/${id}/tunnels`);
    expect([status, json]).toEqual([412, expect.objectContaining({ code: "failed_precondition" })]);
  });
});

test("the SDK tells where ports are reached, and has none of a sandbox that publishes nothing", async () => {
  const spec = { tunnels: { customDomains: ["own.example"] } };
  const manifest = { apiVersion: "sandkeep.dev/v1alpha1", kind: "SandboxClass", metadata: { name: "domains" }, spec };
  await kubectl(tenant.installed, ["apply", "-f", "-"], JSON.stringify(manifest));
  onTestFinished(async () => void (await kubectl(tenant.installed, ["delete", "sandboxclass", "domains"])));
  const client = clientOf(tenant);
  const app = await client.apps.fromName("tunnels", { createIfMissing: true });
  const busybox = client.images.fromRegistry("busybox:stable");
  await using sandbox = await client.sandboxes.create(app, busybox, {
    unencryptedPorts: [7000],
    customDomain: "own.example",
    className: "domains",
  });
  const { 7000: tunnel } = await sandbox.tunnels();
  expect(tunnel?.host).toMatch(/\.own\.example$/);
  expect(tunnel?.tcpSocket[1]).toBeGreaterThan(0);
  await using plain = await client.sandboxes.create(app, busybox);
  expect(await plain.tunnels()).toEqual({});
});

test("a program that listens late is reached when it does; before, the connection is closed", async () => {
  const spec = { ...small, image, command: ["node", "-e", lateEcho], tunnels: [{ port: 7000 }] };
  const { id } = await tenant.gateway.create({ spec });
  const [tunnel] = await tunnelsOf(id);
  expect(await all(await openTunnel(tenant.installed, tunnel ?? {})).catch(() => Buffer.alloc(0))).toHaveLength(0);
  await tenant.gateway.exec(id, { command: ["node", "-e", "fs.writeFileSync('/tmp/go', '')"] });
  await waitFor("the program to answer", async () => {
    const socket = await openTunnel(tenant.installed, tunnel ?? {});
    socket.end("hello");
    return (await all(socket)).toString() === "hello";
  });
});
