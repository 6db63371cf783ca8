import { createServer, type IncomingMessage, request as send, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import type { Client } from "../client.ts";
import type { Decisions } from "../decisions/decisions.ts";
import { requestHost } from "../http/host.ts";
import { allowsName } from "../rule/access.ts";
import { endToEnd } from "../http/headers.ts";
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
}

/** Octets of the head of a request, and milliseconds within which it has to be there. */
const mostHeadOctets = 32 << 10;
const headMilliseconds = 10_000;

/** Speaks HTTP with sandboxes and passes on each request to the host that it names, if that is allowed; says so if not. */
export class HttpProxy {
  readonly #outside: Outside;
  readonly #decisions: Decisions;
  readonly #live: LiveConnections;
  readonly #speakers = new WeakMap<Socket, Speaker>();
  readonly #server: Server;

  constructor({ outside, decisions, live }: HttpProxyOptions) {
    this.#outside = outside;
    this.#decisions = decisions;
    this.#live = live;
    this.#server = createServer({
      maxHeaderSize: mostHeadOctets,
      headersTimeout: headMilliseconds,
      requestTimeout: 0,
      keepAliveTimeout: 60_000,
      // Checked with more care than node:http does.
      requireHostHeader: false,
    });
    this.#server.on("request", (request, response) => {
      this.#serve(request, response).catch((error: unknown) => refuse(response, error));
    });
    this.#server.on("upgrade", (request, socket: Socket, head: Buffer) => {
      this.#upgrade(request, socket, head).catch((error: unknown) => socket.end(refusalOf(error)));
    });
  }

  /** Takes over a connection of which nothing has been read that was not put back. */
  take(socket: Socket, speaker: Speaker): void {
    this.#speakers.set(socket, speaker);
    this.#server.emit("connection", socket);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket, path } = await this.#connect(request);
    response.once("close", () => socket.destroy());
    // Without an agent: one would connect by itself, to whatever the name leads to.
    const passedOn = send({
      createConnection: () => socket,
      setHost: false,
      method: request.method,
      path,
      headers: [...endToEnd(request.rawHeaders), "Connection", "close"],
    });
    const answered = Promise.withResolvers<IncomingMessage>();
    passedOn.once("response", answered.resolve).once("error", answered.reject);
    request.pipe(passedOn);
    const answer = await answered.promise;
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", endToEnd(answer.rawHeaders));
    await pipeline(answer, response).catch(() => response.destroy());
  }

  async #upgrade(request: IncomingMessage, inner: Socket, head: Buffer): Promise<void> {
    const { socket, path } = await this.#connect(request);
    const lines = request.rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [`${name}: ${request.rawHeaders[at + 1]}`] : [],
    );
    socket.write([`${request.method} ${path} HTTP/1.1`, ...lines, "\r\n"].join("\r\n"), "latin1");
    socket.write(head);
    await join(inner, socket);
  }

  async #connect(request: IncomingMessage): Promise<{ socket: Socket; path: string }> {
    const speaker = this.#speakers.get(request.socket);
    const client = speaker?.client();
    if (speaker === undefined || client === undefined) throw new Refused("NotAllowed", "the sandbox is not known");
    const { port } = speaker;
    const asked = requestHost(request.url ?? "", request.rawHeaders, port);
    if (asked.kind === "refused") {
      const refused = new Refused("NoName", asked.problem);
      this.#decisions.add(client, {
        verdict: "Denied",
        protocol: "HTTP",
        port,
        reason: "NoName",
        message: asked.problem,
      });
      throw refused;
    }
    const { name: host, path } = asked;
    const socket = await this.#outside.connect(client, { protocol: "HTTP", host, port });
    const current = speaker.client();
    if (current === undefined || !allowsName(current.access, host) || !this.#live.add(current, socket, host)) {
      socket.destroy();
      throw new Refused("NotAllowed", "the sandbox may not have this connection any more, or has too many");
    }
    return { socket, path };
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  const { status, text } = wordsFor(error);
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" }).end(text);
}

function refusalOf(error: unknown): string {
  const { status, text } = wordsFor(error);
  const head = [`HTTP/1.1 ${status} Refused`, "Content-Type: text/plain; charset=utf-8", "Connection: close"];
  return [...head, `Content-Length: ${Buffer.byteLength(text)}`, "", text].join("\r\n");
}

function wordsFor(error: unknown): { status: number; text: string } {
  if (!(error instanceof Refused)) return { status: 502, text: "Sandkeep: the connection broke.\n" };
  const isDenied = error.reason === "NotAllowed" || error.reason === "NotPublic";
  return { status: error.reason === "NoName" ? 400 : isDenied ? 403 : 502, text: `Sandkeep: ${error.message}.\n` };
}
