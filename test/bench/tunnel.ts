import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { promisify } from "node:util";
import type { TLSSocket } from "node:tls";
import { selfMade } from "../../src/gateway/server/certificate.ts";
import type { TunnelsView } from "../../src/api/routes/tunnels.ts";
import { gatewayImage, kubectl } from "../support/installed.ts";
import { nodeOf, openTunnel } from "../support/tunnel-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { servers } from "../e2e/tunnel-programs.ts";
import type { Bench } from "./bench.ts";
import { haProxy } from "./haproxy.ts";
import { memoryOf } from "./memory.ts";
import { timed } from "./timed.ts";

const run = promisify(execFile);

const octets = 1 << 30;
const rounds = 3;
const requests = 500;
const idle = 1_000;

/** What tunnels showed. */
export interface TunnelFigures {
  /** MiB/s of each round: 1 GiB from a port over TLS, through the gateway and through HAProxy. */
  rates: { tunnel: number[]; haproxy: number[] };
  /** Milliseconds of each small HTTP request on one connection, through the gateway and straight to the port. */
  requests: { tunnel: number[]; direct: number[] };
  /** KiB of memory that the gateways take for each of a thousand idle connections. */
  idle: number;
}

/** A sandbox with a web server, reached through the gateway, through HAProxy on this machine, and straight. */
export async function measureTunnel(bench: Bench): Promise<TunnelFigures> {
  const { gateway, installed, namespace } = bench;
  const image = await gatewayImage(installed);
  const command = ["node", "--input-type=module", "-e", servers];
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  const { id } = await gateway.create({ spec: { image, command, resources, tunnels: [{ port: 8000 }] } }, "started");
  // HAProxy and direct requests come from this machine, which is no gateway.
  await kubectl(installed, ["-n", namespace, "apply", "-f", "-"], admitting(id));
  const folder = await mkdtemp(join(tmpdir(), "sandkeep-bench-"));
  try {
    const [tunnel] = ((await gateway.send("GET", `/sandboxes/${id}/tunnels`)).json as TunnelsView).tunnels;
    const address = await kubectl(installed, ["-n", namespace, "get", "pod", id, "-o", "jsonpath={.status.podIP}"]);
    const host = tunnel?.host ?? "";
    const connectTo = `::${nodeOf(installed)}:${tunnel?.port ?? 0}`;
    const ca = join(folder, "ca.crt");
    await writeFile(ca, installed.certificate);
    await using haproxy = await startPeer(folder, host, address);
    const through = {
      tunnel: () => download(`${tunnel?.url}/gib`, ca, connectTo),
      haproxy: () => download(`https://${host}/gib`, haproxy.certificate, `::127.0.0.1:${haproxy.port}`),
    };
    await waitFor("the program to answer", () => smallRequests(1, () => openTunnel(installed, tunnel ?? {}), host));
    const rates: TunnelFigures["rates"] = { tunnel: [], haproxy: [] };
    for (let round = 0; round < rounds; round++)
      for (const way of ["tunnel", "haproxy"] as const)
        rates[way].push((octets >> 20) / ((await timed(through[way])) / 1000));
    const tls = () => openTunnel(installed, tunnel ?? {}, { ALPNProtocols: ["http/1.1"] });
    const small = {
      tunnel: await smallRequests(requests, tls, host),
      direct: await smallRequests(requests, address, host),
    };
    return { rates, requests: small, idle: await idleMemory(bench, () => openTunnel(installed, tunnel ?? {})) };
  } finally {
    await rm(folder, { recursive: true });
    await kubectl(installed, ["-n", namespace, "delete", "networkpolicy", "bench-tunnel"]);
    await gateway.send("DELETE", `/sandboxes/${id}`);
  }
}

function admitting(id: string): string {
  return JSON.stringify({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "bench-tunnel" },
    spec: {
      podSelector: { matchLabels: { "sandkeep.dev/sandbox": id } },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }],
    },
  });
}

interface Peer extends AsyncDisposable {
  port: number;
  /** File with its certificate. */
  certificate: string;
}

/** Debian's HAProxy, which ends TLS for the host and passes octets on to the Pod, as the gateway does. */
async function startPeer(folder: string, host: string, address: string): Promise<Peer> {
  const { cert, key } = await selfMade([host], new Date());
  const certificate = join(folder, "haproxy.crt");
  const pair = join(folder, "haproxy.pem");
  await writeFile(certificate, cert);
  await writeFile(pair, `${cert}\n${key}`, { mode: 0o600 });
  const listening = { host: "127.0.0.1", port: await freePort() };
  const sections = `
listen tunnel
  mode tcp
  bind ${listening.host}:${listening.port} ssl crt ${pair} alpn http/1.1
  server sandbox ${address}:8000`;
  return { ...(await haProxy(sections, listening)), port: listening.port, certificate };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function download(url: string, certificate: string, connectTo: string): Promise<void> {
  const options = ["--silent", "--show-error", "--fail", "--output", "/dev/null", "--write-out", "%{size_download}"];
  const { stdout } = await run("curl", [...options, "--cacert", certificate, "--connect-to", connectTo, url]);
  if (Number(stdout) !== octets) throw new Error(`${stdout} of ${octets} octets arrived`);
}

/** Milliseconds of each of so many requests, one after the other on one connection: TLS that is open, or to an address. */
async function smallRequests(count: number, to: (() => Promise<TLSSocket>) | string, host: string): Promise<number[]> {
  using agent = Object.assign(new Agent({ keepAlive: true, maxSockets: 1 }), {
    [Symbol.dispose](this: Agent) {
      this.destroy();
    },
  });
  if (typeof to !== "string") {
    const socket = await to();
    agent.createConnection = () => socket;
  }
  const target = { agent, host: typeof to === "string" ? to : host, port: 8000, path: "/", headers: { host } };
  const samples: number[] = [];
  for (let i = 0; i < count; i++) {
    samples.push(
      await timed(async () => {
        const sent = request(target);
        sent.end();
        const [response] = await once(sent, "response");
        await once(response.resume(), "end");
      }),
    );
  }
  return samples;
}

/** KiB for each of many connections, those with which it begins aside: they load what every connection needs. */
async function idleMemory(bench: Bench, open: () => Promise<TLSSocket>): Promise<number> {
  const many = async (count: number): Promise<TLSSocket[]> => {
    const sockets: TLSSocket[] = [];
    while (sockets.length < count) sockets.push(...(await Promise.all(Array.from({ length: 20 }, open))));
    return sockets;
  };
  const first = await many(100);
  const before = await memoryOf(bench, "gateway");
  const sockets = await many(idle);
  const grown = (await memoryOf(bench, "gateway")) - before;
  for (const socket of [...first, ...sockets]) socket.destroy();
  return (grown * 1024) / idle;
}
