import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Sandbox } from "../../api/sandbox.ts";
import { InTurn } from "../../lib/in-turn.ts";
import { UpgradableResponse, serveUpgrades } from "../../lib/upgrades.ts";
import type { Log } from "../../log.ts";
import type { ChangeHandler } from "../../runtime/reflector.ts";
import type { SigningKey } from "../connect-tokens/keys.ts";
import { isRevoked } from "../connect-tokens/revocations.ts";
import type { ConnectGrant } from "../connect-tokens/token.ts";
import { isAdmitted } from "../tunnels/admit.ts";
import { judge, type Verdict } from "./access.ts";
import { cookieFor } from "./credentials.ts";
import { Exchanges } from "./exchanges.ts";
import { forwardedClient } from "./forwarded-client.ts";
import { forward, forwardUpgrade } from "./forward.ts";
import { connectRequests } from "./metrics.ts";
import { refuse, type Refusal } from "./refusal.ts";

export interface ConnectServerOptions {
  /** The key of this id, to check tokens with. */
  keyOf: (id: string) => Promise<SigningKey | undefined>;
  /** The sandbox as it is now, if it is still there. */
  current: (sandbox: Sandbox) => Sandbox | undefined;
  /** Where its Pod is, while it runs. */
  addressOf: (sandbox: Sandbox) => string | undefined;
  /** Counts the sandbox as used until what it returns is called. */
  beginUse: (sandbox: Sandbox) => () => void;
  /** Whether who is at this address says in `X-Forwarded-For` for whom it speaks. */
  isTrustedHop: (address: string) => boolean;
  log: Log;
}

const headersMilliseconds = 30_000;

/** What a connection is for. */
interface Place {
  sandbox: Sandbox;
  /** The host by which the client has asked for it. */
  host: string;
  /** The address of who has connected. */
  peer: string;
}

/** Lets HTTP requests with connect tokens through to programs in sandboxes; nothing else of a client gets there. */
export class ConnectServer {
  readonly #options: ConnectServerOptions;
  readonly #exchanges = new Exchanges();
  readonly #places = new WeakMap<Socket, Place>();
  readonly #turns = new InTurn();
  readonly #server: Server;
  readonly #patience: number;
  #draining = false;

  /**
   * A client has so many milliseconds for the header of a request, as a program has to agree to a WebSocket; for a body,
   * which may be a stream, as long as it likes.
   */
  constructor(options: ConnectServerOptions, headersTimeout: number = headersMilliseconds) {
    this.#options = options;
    this.#patience = headersTimeout;
    const times = { headersTimeout, connectionsCheckingInterval: headersTimeout / 4, requestTimeout: 0 };
    const limits = { ...times, keepAliveTimeout: 75_000, maxHeaderSize: 16_384 };
    this.#server = createServer({ ...limits, shouldUpgradeCallback: wantsWebSocket }, this.#take);
    serveUpgrades(this.#server, this.#take);
    // It has no port of its own: this is when a server begins to watch over clients that are slow with their headers.
    this.#server.emit("listening");
  }

  /** Takes over a connection, whose TLS has ended, of a client at `peer` that the sandbox admits, or of a trusted hop. */
  serve(socket: Pick<TLSSocket, "servername"> & Socket, sandbox: Sandbox, peer: string): void {
    this.#places.set(socket, { sandbox, host: String(socket.servername).toLowerCase(), peer });
    this.#server.emit("connection", socket);
  }

  /** To be called with each change of a sandbox: cuts what its tokens allow no longer. */
  readonly onChange: ChangeHandler<Sandbox> = (change) => this.#exchanges.onChange(change);

  /** Has every connection end as soon as no request is under way on it. */
  drain(): void {
    this.#draining = true;
    this.#server.closeIdleConnections();
  }

  /** Ends what is under way. */
  close(): void {
    this.#exchanges.cut();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  readonly #take = (request: IncomingMessage, response: ServerResponse): void => {
    response.once("close", () => {
      if (this.#draining) request.socket.destroySoon();
    });
    this.#answer(request, response).catch((error: unknown) => {
      this.#options.log.error({ error }, "request with a connect token failed");
      this.#refuse(request, response, "absent");
    });
  };

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    if (!(await this.#turns.come(request, response))) return this.#refuse(request, response, "malformed");
    const place = this.#places.get(socket);
    const sandbox = place && this.#options.current(place.sandbox);
    if (place === undefined || sandbox === undefined) return this.#refuse(request, response, "absent");
    const client = this.#clientOf(request, place);
    if (client === undefined) return this.#refuse(request, response, "malformed");
    if (!isAdmitted(sandbox, client)) return this.#refuse(request, response, "absent");
    const verdict = await judge(request, { sandbox, host: place.host }, this.#options.keyOf, new Date());
    if (verdict.to === "refuse") return this.#refuse(request, response, verdict.refusal);
    if (verdict.to === "exchange") return exchange(response, verdict);
    // The client may have gone while the token was checked, and the sandbox changed.
    if (socket.destroyed) return;
    const { grant, target } = verdict;
    const found = this.#find(place, client, grant);
    if (found === undefined) return this.#refuse(request, response, "absent");
    connectRequests.inc({ result: "forwarded" });
    const forget = this.#exchanges.add(found.sandbox, { grant, client }, () => socket.destroy());
    const endUse = this.#options.beginUse(found.sandbox);
    // A WebSocket is no longer the response's.
    (response instanceof UpgradableResponse ? socket : response).once("close", () => {
      forget();
      endUse();
    });
    const forwarding = { userMetadata: grant.userMetadata, client, host: request.headers.host ?? "" };
    const destination = { address: found.address, port: grant.port, target };
    if (response instanceof UpgradableResponse)
      forwardUpgrade(request, response, destination, forwarding, this.#patience);
    else forward(request, response, destination, forwarding);
  }

  /** The sandbox as it is now and where, if the token still holds for it and it admits the client. */
  #find(
    { sandbox: known }: Place,
    client: string,
    grant: ConnectGrant,
  ): { sandbox: Sandbox; address: string } | undefined {
    const sandbox = this.#options.current(known);
    if (sandbox === undefined || isRevoked(sandbox, grant) || !isAdmitted(sandbox, client)) return undefined;
    const address = this.#options.addressOf(sandbox);
    return address === undefined ? undefined : { sandbox, address };
  }

  /** `undefined` when a trusted hop does not say for whom it speaks. */
  #clientOf({ headers }: IncomingMessage, { peer }: Place): string | undefined {
    return forwardedClient(peer, headers["x-forwarded-for"]?.toString(), this.#options.isTrustedHop);
  }

  #refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    connectRequests.inc({ result: refusal });
    refuse(request, response, refusal);
  }
}

/** Sends a browser to the same place without the token, which it has as a cookie then. */
function exchange(response: ServerResponse, { grant, token, location }: Extract<Verdict, { to: "exchange" }>): void {
  connectRequests.inc({ result: "exchanged" });
  const seconds = grant.expiresAt - Math.floor(Date.now() / 1000);
  response.writeHead(302, {
    Location: location,
    "Set-Cookie": cookieFor(token, seconds),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Length": 0,
  });
  response.end();
}

function wantsWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket";
}
