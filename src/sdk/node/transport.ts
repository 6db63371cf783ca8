import { orAborted } from "../../lib/or-aborted.ts";
import type { Transport, TransportReply, TransportRequest } from "../http/transport.ts";
import { agentFor, type AgentOptions } from "./agent.ts";
import { failureOf, type Peer } from "./failure.ts";
import { http, https } from "./http-clients.ts";
import { replyOf } from "./reply.ts";
import { sendBody } from "./send-body.ts";
import { openWebSocket } from "./web-socket.ts";

type Headers = Record<string, string | string[]>;

export interface NodeTransportOptions extends AgentOptions {
  /** `https://host:port`, perhaps with a path in front of `/v1`. */
  url: string;
  /** The bearer token, asked for with every request. */
  token?: () => string | Promise<string>;
  /** Sent with every request. */
  headers?: Headers;
  /** Called when the gateway refuses the token. True: another one can be had, so that the request is worth a second try. */
  refused?: () => boolean;
  /** Who answers at the URL. */
  peer?: Peer;
}

/** A transport that has WebSockets. */
export type NodeTransport = Transport & Required<Pick<Transport, "webSocket">>;

/** The way to a gateway over `node:http` and `node:https`. A request whose token is refused is sent again once, with a new one. */
export function nodeTransport(options: NodeTransportOptions): NodeTransport {
  const { token, refused = () => false, peer = "gateway" } = options;
  const url = new URL(options.url);
  const prefix = url.pathname.replace(/\/+$/, "");
  const secure = url.protocol === "https:";
  const agent = agentFor(secure, options);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const target = { agent, hostname, port: url.port === "" ? (secure ? 443 : 80) : Number(url.port) };

  const authorization = async (): Promise<Headers> => {
    const given = token?.();
    if (given === undefined) return { ...options.headers };
    return { ...options.headers, authorization: `Bearer ${typeof given === "string" ? given : await given}` };
  };

  const send = (
    { method, path, headers, body, signal }: TransportRequest,
    credentials: Headers,
  ): Promise<TransportReply> =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const attempt = { peer, action: `${method} ${path}`, signal };
      const outgoing = (secure ? https : http).request({
        ...target,
        method,
        path: prefix + path,
        headers: { ...headers, ...lengthOf(body), ...credentials },
      });
      const abort = () => {
        outgoing.destroy();
        // A request that has no connection yet tells nobody that it was destroyed.
        reject(failureOf(attempt, undefined));
      };
      signal?.addEventListener("abort", abort, { once: true });
      outgoing.once("close", () => signal?.removeEventListener("abort", abort));
      outgoing.on("error", (cause) => reject(failureOf(attempt, cause)));
      const sending = sendBody(outgoing, body, reject);
      outgoing.once("response", (incoming) => {
        if ((incoming.statusCode ?? 0) >= 400) sending.stop();
        incoming.once("close", () => {
          if (!outgoing.writableFinished) outgoing.destroy();
        });
        resolve(replyOf(incoming, attempt));
      });
    });

  return {
    async request(request) {
      const reply = await send(request, await orAborted(authorization(), request.signal));
      if (reply.status !== 401 || !isRepeatable(request.body) || !refused()) return reply;
      reply.cancel();
      return await send(request, await orAborted(authorization(), request.signal));
    },
    async webSocket(path, protocol, refusal, signal) {
      const attempt = { peer, action: `GET ${path}`, signal };
      const open = async (refusal: (reply: TransportReply) => Promise<Error>) => {
        const headers = await orAborted(authorization(), signal);
        const address = new URL(prefix + path, url);
        return await openWebSocket({ url: address, protocol, headers, connection: options, attempt }, refusal);
      };
      let again = false;
      const orAgain = (reply: TransportReply) => {
        again = reply.status === 401 && refused();
        return refusal(reply);
      };
      try {
        return await open(orAgain);
      } catch (error) {
        if (!again) throw error;
        return await open(refusal);
      }
    },
    close: () => agent.closeIdle(),
  };
}

function lengthOf(body: TransportRequest["body"]): Record<string, string> {
  if (typeof body === "string") return { "content-length": String(Buffer.byteLength(body)) };
  return body instanceof Uint8Array ? { "content-length": String(body.length) } : {};
}

function isRepeatable(body: TransportRequest["body"]): boolean {
  return body === undefined || typeof body === "string" || body instanceof Uint8Array;
}
