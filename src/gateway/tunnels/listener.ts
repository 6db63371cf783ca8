import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { Sandbox } from "../../api/sandbox.ts";
import { sleep } from "../../lib/sleep.ts";
import { chosenProtocol } from "./alpn.ts";
import { Arrivals } from "./arrivals.ts";
import { tlsSettings } from "./certificates.ts";
import { findClient } from "./client.ts";
import { dial } from "./dial.ts";
import type { LiveConnections } from "./live.ts";
import { clientOf, type Route, type Router } from "./route.ts";

/** Serves requests that come with connect tokens. */
export interface ConnectServer {
  /** Takes over a connection, whose TLS ends here, of a client at `client` that the sandbox admits, or of a trusted hop. */
  serve(socket: TLSSocket, sandbox: Sandbox, client: string): void;
}

export interface TunnelListenerOptions {
  route: Router;
  addressOf: (sandbox: Sandbox) => string | undefined;
  contextFor: (serverName: string) => SecureContext | undefined;
  /** Whether who is at this address speaks for clients by the PROXY protocol. */
  isProxy: (address: string) => boolean;
  live: LiveConnections;
  connect: ConnectServer;
  /** Counts the sandbox as used until what it returns is called. */
  beginUse: (sandbox: Sandbox) => () => void;
}

/** Serves a connection of a client; `arrived` is to be called once that has said what it wants. */
type Begin = (raw: Socket, client: string, arrived: () => void) => void;

/** Of silence, after which who has gone without a word is looked for. */
const keepAliveMilliseconds = 30_000;

/** For a client to say who it is and what it wants. */
const patienceMilliseconds = 10_000;

/** Connections of one replica at once: what has not come to its name yet is unknown to any sandbox's own limit. */
const mostConnections = 8_192;

// It has no certificate, so that a client which names no host comes to nothing.
const nameless = createSecureContext(tlsSettings);

/** Listens for connections and leads each to the sandbox whose host the client names, or whose port it has come to. */
export class TunnelListener {
  readonly #options: TunnelListenerOptions;
  readonly #servers: Server[] = [];
  readonly #open = new Set<Socket>();
  readonly #arrivals = new Arrivals();

  constructor(options: TunnelListenerOptions) {
    this.#options = options;
  }

  /** Listens for TLS. Resolves with the port; rejects when it cannot listen, naming the address. */
  async listen(port: number, host: string): Promise<number> {
    return await this.#listen(port, host, (raw, client, arrived) => this.#secure(raw, client, arrived));
  }

  /** Listens at a port for what is not encrypted and goes to the sandbox that has been given that port. */
  async listenPlain(port: number, host: string): Promise<number> {
    return await this.#listen(port, host, (raw, client, arrived) => {
      arrived();
      this.#serve(raw, raw, this.#options.route.byPort(port, client), client);
    });
  }

  /** Takes no more connections, and cuts those that have not ended after some seconds. */
  async drain(seconds: number): Promise<void> {
    const closed = this.#servers.map((server) => once(server, "close"));
    for (const server of this.#servers) server.close();
    const deadline = performance.now() + seconds * 1000;
    while (this.#open.size > 0 && performance.now() < deadline) await sleep(50);
    for (const socket of this.#open) socket.destroy();
    await Promise.all(closed);
  }

  async #listen(port: number, host: string, begin: Begin): Promise<number> {
    const options = {
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMilliseconds,
    };
    const server = createServer(options, (raw) => {
      raw.on("error", () => {});
      if (this.#open.size < mostConnections) this.#accept(raw, begin);
      else raw.destroy();
    });
    server.listen(port, host);
    try {
      await once(server, "listening");
    } catch (cause) {
      throw new Error(`Cannot listen for tunnels on ${host} port ${port}: ${String(cause)}`, { cause });
    }
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  #accept(raw: Socket, begin: Begin): void {
    const late = setTimeout(() => raw.destroy(), patienceMilliseconds);
    this.#open.add(raw);
    raw.once("close", () => {
      clearTimeout(late);
      this.#open.delete(raw);
    });
    findClient(raw, this.#options.isProxy, (client) => {
      const leave = this.#arrivals.take(client);
      if (leave === undefined) raw.destroy();
      else {
        raw.once("close", leave);
        begin(raw, client, () => {
          clearTimeout(late);
          leave();
        });
      }
    });
  }

  #secure(raw: Socket, client: string, arrived: () => void): void {
    let found: { name: string; route: Route | undefined } | undefined;
    const routeTo = (name: string): Route | undefined => {
      if (found?.name !== name) found = { name, route: this.#options.route.byName(name, client) };
      return found.route;
    };
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: nameless,
      ALPNCallback: ({ servername, protocols }) => {
        const route = typeof servername === "string" ? routeTo(servername) : undefined;
        return route && chosenProtocol(route, protocols);
      },
      SNICallback: (name, done) => {
        const context = routeTo(name) && this.#options.contextFor(name);
        if (context === undefined) done(new Error(`Nothing is at "${name}"`));
        else done(null, context);
      },
    });
    socket.on("error", () => raw.destroy());
    socket.once("secure", () => {
      arrived();
      // Much may have changed while the client took its time.
      this.#serve(socket, raw, found && this.#options.route.byName(found.name, client), client);
    });
  }

  #serve(socket: Socket | TLSSocket, raw: Socket, route: Route | undefined, client: string): void {
    const cut = (): void => void raw.destroy();
    const remove = route && this.#options.live.add(route.sandbox, { client: clientOf(route, client), cut });
    if (route === undefined || remove === undefined) return void raw.destroy();
    raw.once("close", remove);
    if (route.kind === "tunnel") {
      const address = this.#options.addressOf(route.sandbox);
      if (address === undefined) return void raw.destroy();
      raw.once("close", this.#options.beginUse(route.sandbox));
      dial(socket, raw, address, route.port);
    } else if (socket instanceof TLSSocket) this.#options.connect.serve(socket, route.sandbox, client);
  }
}
