import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { Sandbox } from "../../api/sandbox.ts";
import { sleep } from "../../lib/sleep.ts";
import { plainAddress } from "./admit.ts";
import { chosenProtocol } from "./alpn.ts";
import { tlsSettings } from "./certificates.ts";
import type { LiveConnections } from "./live.ts";
import type { Route } from "./route.ts";
import { splice } from "./splice.ts";

/** Serves requests that come with connect tokens. */
export interface ConnectServer {
  /** Takes over a connection, whose TLS ends here, of a client at `client` that the sandbox admits. */
  serve(socket: TLSSocket, sandbox: Sandbox, client: string): void;
}

export interface TunnelListenerOptions {
  route: (serverName: string, client: string) => Route | undefined;
  addressOf: (sandbox: Sandbox) => string | undefined;
  contextFor: (serverName: string) => SecureContext | undefined;
  live: LiveConnections;
  connect: ConnectServer;
}

/** For a client to say what it wants, and for a sandbox to answer. */
const patienceMilliseconds = 10_000;

/** Connections of one replica at once: what has not come to its name yet is unknown to any sandbox's own limit. */
const mostConnections = 8_192;

const keepAliveMilliseconds = 30_000;

// It has no certificate, so that a client which names no host comes to nothing.
const nameless = createSecureContext(tlsSettings);

/** Listens for TLS connections and leads each to the sandbox whose host the client names. */
export class TunnelListener {
  readonly #options: TunnelListenerOptions;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(options: TunnelListenerOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (raw) => this.#accept(raw));
    this.#server.maxConnections = mostConnections;
  }

  /** Resolves with the port; rejects when it cannot listen, naming the address. */
  async listen(port: number, host: string): Promise<number> {
    this.#server.listen(port, host);
    try {
      await once(this.#server, "listening");
    } catch (cause) {
      throw new Error(`Cannot listen for tunnels on ${host} port ${port}: ${String(cause)}`, { cause });
    }
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no more connections, and cuts those that have not ended after some seconds. */
  async drain(seconds: number): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    const deadline = performance.now() + seconds * 1000;
    while (this.#open.size > 0 && performance.now() < deadline) await sleep(50);
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #accept(raw: Socket): void {
    const client = plainAddress(raw.remoteAddress ?? "");
    let found: { name: string; route: Route | undefined } | undefined;
    const routeTo = (name: string): Route | undefined => {
      if (found?.name !== name) found = { name, route: this.#options.route(name, client) };
      return found.route;
    };
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: nameless,
      ALPNCallback: ({ servername, protocols }) => {
        const route = routeTo(servername);
        return route && chosenProtocol(route, protocols);
      },
      SNICallback: (name, done) => {
        const context = routeTo(name) && this.#options.contextFor(name);
        if (context === undefined) done(new Error(`Nothing is at "${name}"`));
        else done(null, context);
      },
    });
    const late = setTimeout(() => raw.destroy(), patienceMilliseconds);
    raw.on("error", () => {});
    this.#open.add(raw);
    raw.once("close", () => {
      clearTimeout(late);
      this.#open.delete(raw);
    });
    socket.on("error", () => raw.destroy());
    socket.once("secure", () => {
      clearTimeout(late);
      if (found?.route === undefined) raw.destroy();
      else this.#serve(socket, raw, found.route, client);
    });
  }

  #serve(socket: TLSSocket, raw: Socket, route: Route, client: string): void {
    const { sandbox } = route;
    const remove = this.#options.live.add(sandbox, { client, cut: () => raw.destroy() });
    if (remove === undefined) return void raw.destroy();
    raw.once("close", remove);
    if (route.kind === "connect") this.#options.connect.serve(socket, sandbox, client);
    else this.#dial(socket, raw, this.#options.addressOf(sandbox), route.port);
  }

  #dial(socket: TLSSocket, raw: Socket, address: string | undefined, port: number): void {
    if (address === undefined) return void raw.destroy();
    const options = { host: address, port, allowHalfOpen: true, noDelay: true, keepAlive: true };
    const inside = connect({ ...options, keepAliveInitialDelay: keepAliveMilliseconds });
    const give = (): void => {
      inside.destroy();
      raw.destroy();
    };
    const late = setTimeout(give, patienceMilliseconds);
    inside.once("error", give);
    raw.once("close", () => clearTimeout(late));
    inside.once("connect", () => {
      clearTimeout(late);
      splice(socket, inside, () => {
        inside.resetAndDestroy();
        raw.destroy();
      });
    });
  }
}
