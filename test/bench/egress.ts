import { once } from "node:events";
import { type AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { generate } from "selfsigned";
import { publicAddress } from "../support/public-address.ts";
import { kubectl } from "../support/installed.ts";
import type { Bench } from "./bench.ts";
import { haProxy } from "./haproxy.ts";

const octets = 1 << 30;
const rounds = 5;

/** The world outside, and HAProxy on the way there. */
const far = "93.184.216.34";
const near = "93.184.216.35";

/** Reads all that a TLS server sends for a name, and says at how many MiB/s. */
const reader = `
import socket, ssl, sys, time
address, name = sys.argv[1:]
context = ssl._create_unverified_context()
with socket.create_connection((address, 443)) as raw, context.wrap_socket(raw, server_hostname=name) as connection:
    buffer = bytearray(1 << 20)
    received, started = 0, time.monotonic()
    while count := connection.recv_into(buffer): received += count
assert received == ${octets}, received
print((received >> 20) / (time.monotonic() - started))`;

/** MiB/s of each round in which a sandbox reads 1 GiB over TLS by name: through the egress part, and through HAProxy, which looks at SNI. */
export async function measureEgress(bench: Bench): Promise<Record<"egress" | "haproxy", number[]>> {
  await using _far = await publicAddress(far);
  await using _near = await publicAddress(near);
  await using _server = await serveOctets();
  await using _haproxy = await haProxy(inspection, { host: near, port: 443 });
  await kubectl(bench.installed, ["-n", bench.namespace, "apply", "-f", "-"], objects);
  const name = `far.${bench.namespace}.svc.cluster.local`;
  const network = { outbound: { domains: [name], cidrs: [`${near}/32`] } };
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  const spec = { className: "bench-egress", image: "python:3.11-slim", resources, network };
  const { id } = await bench.gateway.create({ spec }, "started");
  const read = async (address: string): Promise<number> => {
    const { stdout, stderr } = await bench.gateway.exec(id, { command: ["python3", "-c", reader, address, name] });
    if (stdout === "") throw new Error(`The sandbox could not read from ${address}: ${stderr}`);
    return Number(stdout);
  };
  const rates = { egress: [] as number[], haproxy: [] as number[] };
  try {
    for (let round = 0; round < rounds; round++) {
      rates.egress.push(await read(name));
      rates.haproxy.push(await read(near));
    }
    return rates;
  } finally {
    await bench.gateway.send("DELETE", `/sandboxes/${id}`);
    await kubectl(bench.installed, ["-n", bench.namespace, "delete", "-f", "-"], objects);
  }
}

const inspection = `
frontend names
  mode tcp
  bind ${near}:443
  tcp-request inspect-delay 5s
  tcp-request content accept if { req_ssl_hello_type 1 }
  use_backend far if { req_ssl_sni -m found }
backend far
  mode tcp
  server far ${far}:443`;

const objects = `
apiVersion: sandkeep.dev/v1alpha1
kind: SandboxClass
metadata: { name: bench-egress }
spec: { network: { domains: true } }
---
apiVersion: v1
kind: Service
metadata: { name: far }
spec: { clusterIP: None, ports: [{ port: 443 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: far, labels: { kubernetes.io/service-name: far } }
addressType: IPv4
ports: [{ port: 443 }]
endpoints: [{ addresses: [${far}] }]
`;

/** Sends 1 GiB over each TLS connection. */
async function serveOctets(): Promise<AsyncDisposable & { port: number }> {
  const { private: key, cert } = await generate([{ name: "commonName", value: "far" }]);
  const chunk = Buffer.alloc(1 << 20, 7);
  const server = createServer({ key, cert }, (socket) => {
    socket.on("error", () => {});
    void send(socket, chunk);
  });
  await once(server.listen(443, far), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

async function send(socket: TLSSocket, chunk: Buffer): Promise<void> {
  for (let sent = 0; sent < octets && !socket.destroyed; sent += chunk.length) {
    if (!socket.write(chunk)) await once(socket, "drain").catch(() => {});
  }
  socket.end();
}
