import { createServer, type IncomingMessage, request as send, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { InTurn } from "../../lib/in-turn.ts";
import { serveUpgrades, UpgradableResponse } from "../../lib/upgrades.ts";
import type { Client } from "../client.ts";
import type { Decisions } from "../decisions/decisions.ts";
import { endToEnd } from "../http/headers.ts";
import { requestHost } from "../http/host.ts";
import { allowsName } from "../rule/access.ts";
import { join } from "./join.ts";
import type { LiveConnections } from "./live.ts";
import { type Outside, Refused } from "./outside.ts";

/** Who speaks on a connection, as of now: rules change. */
export interface Speaker {
  client: () => Client | undefined;
  port: number;
}

export interface HttpProxyOptions {
  outside: Outside;
  decisions: Decisions;
  live: LiveConnections;
  /** Within which the head of a request has to be there; milliseconds, default 10 s. */
  headMilliseconds?: number;
}

/** Octets of the head of a request. */
const mostHeadOctets = 32 << 10;

/** Speaks HTTP with sandboxes and passes on each request to the host that it names, if that is allowed; says so if not. */
export class HttpProxy {
  readonly #outside: Outside;
  readonly #decisions: Decisions;
  readonly #live: LiveConnections;
  readonly #speakers = new WeakMap<Socket, Speaker>();
  readonly #turns = new InTurn();
  readonly #server: Server;

  constructor({ outside, decisions, live, headMilliseconds = 10_000 }: HttpProxyOptions) {
    this.#outside = outside;
    this.#decisions = decisions;
    this.#live = live;
    this.#server = createServer(
      {
        maxHeaderSize: mostHeadOctets,
        headersTimeout: headMilliseconds,
        connectionsCheckingInterval: headMilliseconds / 4,
        requestTimeout: 0,
        keepAliveTimeout: 60_000,
        // Checked with more care than node:http does.
        requireHostHeader: false,
        shouldUpgradeCallback: wantsWebSocket,
      },
      this.#take,
    );
    serveUpgrades(this.#server, this.#take);
    // It has no port of its own: this is when a server begins to watch over clients that are slow with their heads.
    this.#server.emit("listening");
  }

  /** Takes over a connection of which nothing has been read that was not put back. */
  take(socket: Socket, speaker: Speaker): void {
    this.#speakers.set(socket, speaker);
    this.#server.emit("connection", socket);
  }

  /** Ends the watch over clients; who has been taken over is cut by others. */
  close(): void {
    this.#server.close();
  }

  readonly #take = (request: IncomingMessage, response: ServerResponse): void => {
    this.#serve(request, response).catch((error: unknown) => refuse(response, error));
  };

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const inner = request.socket;
    if (!(await this.#turns.come(request, response))) return void inner.destroy();
    if (inner.destroyed) return;
    // What comes behind a wish for another protocol is not read as HTTP any more.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    const { outer, path } = await this.#connect(request);
    if (inner.destroyed) return void outer.destroy();
    response.once("close", () => outer.destroy());
    const upgrades = response instanceof UpgradableResponse;
    // Without an agent: one would connect by itself, to whatever the name leads to.
    const passedOn = send({
      createConnection: () => outer,
      setHost: false,
      method: request.method,
      path,
      headers: [...endToEnd(request.rawHeaders), ...(upgrades ? webSocket : ["Connection", "close"])],
    });
    const answered = Promise.withResolvers<IncomingMessage | "joined">();
    passedOn.once("response", answered.resolve).on("error", answered.reject);
    passedOn.once("close", () => answered.reject(new Error("it answered with nothing that was asked for")));
    if (response instanceof UpgradableResponse) {
      passedOn.once("upgrade", (answer: IncomingMessage, _: Socket, head: Buffer) => {
        answered.resolve("joined");
        response.detachSocket(inner);
        inner.write(headOf(answer), "latin1");
        if (head.length > 0) outer.unshift(head);
        void join(inner, outer);
      });
      passedOn.end();
    } else request.pipe(passedOn);
    const answer = await answered.promise;
    if (answer === "joined") return;
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", endToEnd(answer.rawHeaders));
    await pipeline(answer, response).catch(() => response.destroy());
  }

  /** The connection for a request, which has its place before anything is looked up or dialled. */
  async #connect(request: IncomingMessage): Promise<{ outer: Socket; path: string }> {
    const speaker = this.#speakers.get(request.socket);
    const client = speaker?.client();
    if (speaker === undefined || client === undefined) throw new Refused("NotAllowed", "the sandbox is not known");
    const { port } = speaker;
    const deny = (reason: "NoName" | "TooManyConnections", message: string): Refused => {
      this.#decisions.add(client, { verdict: "Denied", protocol: "HTTP", port, reason, message });
      return new Refused(reason, message);
    };
    const asked = requestHost(request.url ?? "", request.rawHeaders, port);
    if (asked.kind === "refused") throw deny("NoName", asked.problem);
    const { name: host, path } = asked;
    const place = this.#live.reserve(client, host);
    if (place === undefined) throw deny("TooManyConnections", "there are too many connections");
    try {
      const outer = await this.#outside.connect(client, { protocol: "HTTP", host, port });
      outer.once("close", () => place.leave());
      const current = speaker.client();
      if (place.hold(outer) && current !== undefined && allowsName(current.access, host)) return { outer, path };
      outer.destroy();
      throw new Refused("NotAllowed", "the sandbox may not have this connection any more");
    } catch (error) {
      place.leave();
      throw error;
    }
  }
}

const webSocket = ["Connection", "Upgrade", "Upgrade", "websocket"];

/** Nothing else may leave HTTP: what follows is not looked at. What has a body is answered as if it had not asked. */
function wantsWebSocket({ method, headers }: IncomingMessage): boolean {
  const hasBody = headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
  return method === "GET" && !hasBody && headers.upgrade?.toLowerCase() === "websocket";
}

function headOf({ rawHeaders }: IncomingMessage): string {
  const fields = [...endToEnd(rawHeaders), ...webSocket];
  const lines = fields.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${fields[at + 1]}\r\n`] : []));
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`;
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  const { status, text } = wordsFor(error);
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" }).end(text);
}

function wordsFor(error: unknown): { status: number; text: string } {
  if (!(error instanceof Refused)) return { status: 502, text: "Sandkeep: the connection broke.\n" };
  return { status: statuses[error.reason] ?? 502, text: `Sandkeep: ${error.message}.\n` };
}

const statuses: Partial<Record<Refused["reason"], number>> = {
  NoName: 400,
  NotAllowed: 403,
  NotPublic: 403,
  TooManyConnections: 429,
};
