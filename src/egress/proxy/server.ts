import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Clients, plainAddress } from "../client.ts";
import type { Decisions } from "../decisions/decisions.ts";
import { octetsTotal } from "../metrics.ts";
import { readBeginning } from "./first-octets.ts";
import { HttpProxy } from "./http.ts";
import { join } from "./join.ts";
import type { LiveConnections } from "./live.ts";
import type { Outside } from "./outside.ts";

export interface ProxyOptions {
  clients: Clients;
  decisions: Decisions;
  outside: Outside;
  live: LiveConnections;
  /** Within which the head of a request has to be there; milliseconds, default 10 s. */
  headMilliseconds?: number;
}

/** Connections to one port at once, those of nobody among them: more than have places, which is what sandboxes share. */
const mostConnections = 8192;

/** The proxy, until disposed. */
export interface ProxyServer extends AsyncDisposable {
  /** In the order of what was asked for. */
  readonly ports: number[];
}

/**
 * Listens on these ports (0: any free one), of every address by default, and passes on each connection to the same port of the host that
 * it names: by SNI, or by the Host header of each request. Whatever is not allowed, or not understood, is cut.
 */
export async function serveProxy(ports: readonly number[], options: ProxyOptions, host?: string): Promise<ProxyServer> {
  const http = new HttpProxy(options);
  const servers: Server[] = [];
  for (const port of ports) {
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, pauseOnConnect: true });
    server.maxConnections = mostConnections;
    server.on("connection", (socket) => {
      // Whoever waits for it sees that it is closed.
      socket.on("error", () => {});
      serve(socket, options, http).catch(() => socket.resetAndDestroy());
    });
    server.listen(port, host);
    await once(server, "listening");
    servers.push(server);
  }
  return {
    ports: servers.map((server) => (server.address() as AddressInfo).port),
    async [Symbol.asyncDispose]() {
      const closing = servers.map((server) => once(server, "close"));
      for (const server of servers) server.close();
      http.close();
      options.live.close();
      await Promise.all(closing);
    },
  };
}

async function serve(socket: Socket, options: ProxyOptions, http: HttpProxy): Promise<void> {
  const { clients, decisions, outside, live } = options;
  const source = plainAddress(socket.remoteAddress ?? "");
  const port = socket.localPort ?? 0;
  const client = await clients.at(source);
  // A sandbox that reaches names directly has no policy that leads here.
  if (client?.access.kind !== "proxied") return void socket.resetAndDestroy();
  const place = live.reserve(client);
  if (place === undefined) {
    decisions.add(client, { verdict: "Denied", protocol: "TCP", port, reason: "TooManyConnections" });
    return void socket.resetAndDestroy();
  }
  place.hold(socket);
  try {
    const beginning = await readBeginning(socket);
    if (beginning === undefined) return void socket.destroy();
    if (beginning.kind === "http") {
      http.take(socket, { client: () => clients.now(source, client.uid), port });
      return await closed(socket);
    }
    if (beginning.kind === "refused") {
      const { protocol, problem: message } = beginning;
      decisions.add(client, { verdict: "Denied", protocol, port, reason: "NoName", message });
      return void socket.resetAndDestroy();
    }
    place.host = beginning.name;
    const current = clients.now(source, client.uid);
    if (current === undefined) return void socket.resetAndDestroy();
    const outer = await outside.connect(current, { protocol: "TLS", host: beginning.name, port });
    if (!place.hold(outer) || socket.destroyed) return void outer.destroy();
    outer.write(beginning.read);
    await join(socket, outer);
    octetsTotal.inc({ direction: "out" }, outer.bytesWritten);
    octetsTotal.inc({ direction: "in" }, outer.bytesRead);
  } finally {
    place.leave();
  }
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.destroyed) await once(socket, "close");
}
