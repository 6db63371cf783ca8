import { once } from "node:events";
import { request } from "node:https";
import { connect as connectPlain } from "node:net";
import type { Readable } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { TunnelsView } from "../../src/api/routes/tunnels.ts";
import { type Certificate, selfMade } from "../../src/gateway/server/certificate.ts";
import { kubeClient } from "../../src/kube/api-client.ts";
import { connect, type Connection } from "../../src/kube/connection.ts";
import { sleep } from "../../src/lib/sleep.ts";
import { gatewayImage, kubectl } from "../support/installed.ts";
import { ingressHaProxy } from "../support/ingress-haproxy.ts";
import { all, echoOverGrpc, nodeOf, openPlain } from "../support/tunnel-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { newTenant, type Tenant } from "./tenant.ts";
import { patternCheck, servers } from "./tunnel-programs.ts";

type Tunnel = TunnelsView["tunnels"][number];

const gibibyte = 1 << 30;
const patient = { timeout: 300_000 };
const port = 8445;
const common = { resources: { requests: { cpu: "10m", memory: "64Mi" } } };
const ingressClassName = "stand-in";

let tenant: Tenant;
let image: string;
let connection: Connection;
/** Disposed of in the end, also when not all of it was made. */
const used = new AsyncDisposableStack();
/** This machine as the cluster sees it: where the stand-in listens, and from where it connects to sandboxes. */
let host: string;
let ofController: Certificate;
let ofTenant: Certificate;

beforeAll(async () => {
  tenant = used.use(await newTenant());
  image = await gatewayImage(tenant.installed);
  connection = used.use(connect({ kubeconfig: tenant.installed.kubeconfig }));
  const socket = connectPlain({ host: nodeOf(tenant.installed), port: Number(new URL(tenant.installed.gateway).port) });
  await once(socket, "connect");
  host = socket.localAddress ?? "";
  socket.destroy();
  [ofController, ofTenant] = await Promise.all([
    selfMade(["*.controller.localhost"], new Date()),
    selfMade(["*.tenant.localhost"], new Date()),
  ]);
  const listening = { host, port };
  const kube = kubeClient(connection);
  used.use(await ingressHaProxy({ kube, ingressClassName, listening, certificate: ofController }));
  await tenant.kubectl(["apply", "-f", "-"], secret("wildcard", ofTenant));
});
afterAll(() => used.disposeAsync());

function secret(name: string, { cert, key }: Certificate): string {
  const stringData = { "tls.crt": cert, "tls.key": key };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/tls",
    metadata: { name },
    stringData,
  });
}

function classOf(name: string, spec: object, tunnels: object): string {
  const all = {
    mode: "Ingress",
    ingressClassName,
    port,
    http2Annotations: { "haproxy.org/server-proto": "h2" },
    inboundAnnotation: "haproxy.org/allow-list",
    controllers: [{ cidr: `${host}/32` }],
    tcpService: { type: "NodePort", host: nodeOf(tenant.installed) },
    ...tunnels,
  };
  return JSON.stringify({
    apiVersion: "sandkeep.dev/v1alpha1",
    kind: "SandboxClass",
    metadata: { name },
    spec: { ...spec, tunnels: all },
  });
}

async function tunnelsOf(id: string): Promise<Tunnel[]> {
  const { status, json, text } = await tenant.gateway.send("GET", `/sandboxes/${id}/tunnels?timeoutSeconds=120`);
  expect(status, text).toBe(200);
  return (json as TunnelsView).tunnels;
}

/** A TLS connection to the stand-in, whose certificate is right. */
async function open(tunnel: Tunnel, { cert }: Certificate, ALPNProtocols = ["http/1.1"]): Promise<TLSSocket> {
  const options = { host, port: tunnel.port ?? 0, servername: tunnel.host ?? "", ca: cert, ALPNProtocols };
  const socket = connectTls(options);
  await once(socket, "secureConnect");
  return socket.on("error", () => {});
}

async function get(tunnel: Tunnel, path: string, by: Certificate): Promise<Readable & { statusCode?: number }> {
  const socket = await open(tunnel, by);
  const sent = request({ createConnection: () => socket, path, headers: { host: tunnel.host, connection: "close" } });
  sent.end();
  const [response] = (await once(sent, "response")) as [Readable & { statusCode?: number }];
  return response;
}

async function text(readable: Readable): Promise<string> {
  return (await all(readable as unknown as TLSSocket)).toString();
}

async function statusOf(tunnel: Tunnel, by: Certificate): Promise<number | undefined> {
  const response = await get(tunnel, "/", by);
  response.resume();
  return response.statusCode;
}

/** How many octets of the pattern come. */
async function count(readable: Readable): Promise<number> {
  const check = patternCheck();
  let octets = 0;
  for await (const chunk of readable as AsyncIterable<Buffer>) octets = check(chunk);
  return octets;
}

describe.each([
  ["runc", {}, { domain: "tenant.localhost", certificateSecret: "wildcard" }],
  ["gVisor", { runtimeClassName: "gvisor" }, { domain: "controller.localhost" }],
])("through an Ingress controller to a sandbox under %s", (runtime, spec, tunnels) => {
  const className = `ingress-${runtime.toLowerCase()}`;
  let certificate: Certificate;
  let id: string;
  let web: Tunnel;
  let grpc: Tunnel;
  let raw: Tunnel;

  beforeAll(async () => {
    certificate = "certificateSecret" in tunnels ? ofTenant : ofController;
    await kubectl(tenant.installed, ["apply", "-f", "-"], classOf(className, spec, tunnels));
    const published = [
      { port: 8000 },
      { port: 9000, protocol: "HTTP2" as const },
      { port: 7000, protocol: "TCP" as const },
    ];
    const command = ["node", "--input-type=module", "-e", servers];
    ({ id } = await tenant.gateway.create({ spec: { ...common, image, command, tunnels: published, className } }));
    const found = await tunnelsOf(id);
    const at = (port: number): Tunnel => found.find(({ containerPort }) => containerPort === port) as Tunnel;
    [web, grpc, raw] = [at(8000), at(9000), at(7000)];
    await waitFor("the programs to listen", async () => (await statusOf(web, certificate)) === 200);
  });
  afterAll(async () => void (await kubectl(tenant.installed, ["delete", "sandboxclass", className])));

  test("HTTP is carried at a host of its own, with the certificate that the class says", async () => {
    expect(web).toMatchObject({ url: `https://${web.host}:${port}`, port });
    expect(web.host).toMatch(/^t-[0-9a-f]{32}\./);
    expect(JSON.parse(await text(await get(web, "/a?b=c", certificate)))).toEqual({ url: "/a?b=c", host: web.host });
  });

  test("WebSockets are carried", async () => {
    const socket = await webSocketTo(web, certificate);
    socket.send(Buffer.alloc(100_000, 7));
    const [message] = (await once(socket, "message")) as [Buffer];
    expect(message.equals(Buffer.alloc(100_000, 7))).toBe(true);
    socket.close();
    await once(socket, "close");
  });

  test("gRPC is carried over HTTP/2 from end to end", async () => {
    const tls = await open(grpc, certificate, ["h2"]);
    expect(await echoOverGrpc(tls, grpc.host, "hello")).toEqual({ said: "hello", status: "0" });
  });

  test("any protocol is carried by a node port, and the end of each direction", async () => {
    expect(raw.host).toBeUndefined();
    expect(raw.unencryptedHost).toBe(nodeOf(tenant.installed));
    expect(await echoed(raw)).toBe("hello");
  });

  test("1 GiB each is carried", patient, async () => {
    expect(await count(await get(web, "/gib", certificate))).toBe(gibibyte);
    const plain = await openPlain(tenant.installed, raw.unencryptedPort ?? 0);
    plain.write("gib");
    expect(await count(plain)).toBe(gibibyte);
  });

  test("only the clients that are to are admitted", async () => {
    for (const cidrs of [["192.0.2.0/24"], []]) {
      await admit(id, cidrs);
      await waitFor("the controller to refuse clients", async () => (await statusOf(web, certificate)) === 403);
      await waitFor("the node port to refuse clients", async () => (await reached(raw)) === undefined);
      await admit(id, [`${host}/32`]);
      await waitFor("the controller to admit clients", async () => (await statusOf(web, certificate)) === 200);
      await waitFor("the node port to admit clients", async () => (await reached(raw)) === "hello");
    }
    await admit(id, null);
    await waitFor("clients to be admitted", async () => (await statusOf(web, certificate)) === 200);
  });

  test("what others take away or change is put right, at the ports that clients know", async () => {
    await tenant.kubectl(["delete", "services,ingresses", "--selector", `sandkeep.dev/sandbox=${id}`]);
    await waitFor("the node port", async () => (await reached(raw)) === "hello");
    await waitFor("the host", async () => (await statusOf(web, certificate)) === 200);
    const [ingress = ""] = await namesOf("ingresses");
    const rules = [{ op: "replace", path: "/spec/rules/0/host", value: "theirs.example" }];
    await tenant.kubectl(["patch", "ingress", ingress, "--type=json", "--patch", JSON.stringify(rules)]);
    await waitFor("its host again", async () => !(await hostsOf(ingress)).includes("theirs.example"));
  });

  test("a connection that comes through the controller is use; without one tunnels end with the sandbox, whose record stays", async () => {
    const socket = await waitFor("the host", () => webSocketTo(web, certificate));
    const spec = { idleTimeoutSeconds: 1 };
    expect((await tenant.gateway.send("PATCH", `/sandboxes/${id}`, { spec })).status).toBe(200);
    await sleep(3_000);
    expect((await tenant.gateway.get(id)).status?.phase).toBe("Started");
    socket.close();
    const reason = async () => (await tenant.gateway.get(id)).status?.reason;
    expect(await waitFor("it to end", reason)).toBe("IdleTimeout");
    await waitFor("its objects to go", async () => (await namesOf("services,ingresses")).length === 0);
    await waitFor("the host to be gone", async () => (await statusOf(web, certificate)) === 404);
    await waitFor("the node port to be gone", async () => (await reached(raw)) === undefined);
    const { status, json } = await tenant.gateway.send("GET", `/sandboxes/${id}/tunnels`);
    expect([status, json]).toEqual([412, expect.objectContaining({ code: "failed_precondition" })]);
  });

  async function namesOf(kinds: string): Promise<string[]> {
    const names = await tenant.kubectl(["get", kinds, "--selector", `sandkeep.dev/sandbox=${id}`, "--output=name"]);
    return names
      .split("\n")
      .filter((name) => name !== "")
      .map((name) => name.slice(name.indexOf("/") + 1));
  }
});

async function admit(id: string, cidrs: string[] | null): Promise<void> {
  const { status, text } = await tenant.gateway.send("PATCH", `/sandboxes/${id}`, {
    spec: { network: { inbound: { cidrs } } },
  });
  expect(status, text).toBe(200);
}

function hostsOf(ingress: string): Promise<string> {
  return tenant.kubectl(["get", "ingress", ingress, "--output=jsonpath={.spec.rules[*].host}"]);
}

async function webSocketTo(tunnel: Tunnel, by: Certificate): Promise<WebSocket> {
  const tls = await open(tunnel, by);
  const socket = new WebSocket(`wss://${tunnel.host}/`, { createConnection: () => tls });
  await once(socket, "open");
  return socket;
}

/** What a port that is not encrypted answers to `hello`. */
async function echoed({ unencryptedPort = 0 }: Tunnel): Promise<string> {
  const socket = await openPlain(tenant.installed, unencryptedPort);
  socket.end("hello");
  return (await all(socket)).toString();
}

/** The same, or `undefined` when nothing answers within a second. */
async function reached(tunnel: Tunnel): Promise<string | undefined> {
  const silence = sleep(1_000).then(() => undefined);
  return await Promise.race([echoed(tunnel).catch(() => undefined), silence]);
}
