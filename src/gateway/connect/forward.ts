import { request as sendRequest, type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { dropRest } from "../server/drop-rest.ts";
import { replyHeaders, requestHeaders, type Forwarding } from "./headers.ts";
import { refuse } from "./refusal.ts";

/** Where a request goes. */
export interface Destination {
  address: string;
  port: number;
  /** Path and query. */
  target: string;
}

/** A program that listens takes connections at once; what drops packets, as a network policy does, never does. */
const connectMilliseconds = 10_000;

/**
 * Sends a request on and its reply back, both as they come. A reply that breaks off is cut off for the client, too.
 *
 * Each goes over a connection of its own: one that stayed open would keep an idle sandbox alive, and one that a program
 * has put more on than a reply would answer somebody else's request.
 */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  destination: Destination,
  forwarding: Omit<Forwarding, "upgrades" | "body">,
): void {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  const body = length !== undefined ? { length } : encoding === undefined ? "none" : "chunked";
  const inside = send(
    request,
    destination,
    requestHeaders(request.rawHeaders, { ...forwarding, upgrades: false, body }),
  );
  inside.once("response", (reply) => answer(reply, request, response));
  inside.on("error", (error) => fail(error, request, response));
  inside.once("upgrade", (_, socket) => {
    socket.destroy();
    refuse(request, response, "failed");
  });
  response.once("close", () => inside.destroy());
  if (body === "none") inside.end();
  // Not a pipeline: that would end the client's connection when the program answers before it has read all.
  else request.pipe(inside);
}

/**
 * Sends on a request for a WebSocket. Once the program has agreed, for which it has so many milliseconds, octets go both ways
 * as they come, until either side ends the connection.
 */
export function forwardUpgrade(
  request: IncomingMessage,
  response: ServerResponse,
  destination: Destination,
  forwarding: Omit<Forwarding, "upgrades" | "body">,
  patience: number,
): void {
  const client = request.socket;
  const headers = requestHeaders(request.rawHeaders, { ...forwarding, upgrades: true, body: "none" });
  const inside = send(request, destination, headers);
  const late = setTimeout(() => inside.destroy(new Error("No answer in time")), patience);
  // Nobody else reads what comes of a client now, and who does not read hears of no end.
  const look = (): void => {
    if (client.readableLength === 0) client.read();
  };
  const gone = (): void => void client.destroy();
  client.on("readable", look).once("end", gone);
  const settled = (): void => {
    clearTimeout(late);
    client.off("readable", look).off("end", gone);
  };
  inside.once("response", (reply) => {
    settled();
    answer(reply, request, response);
  });
  inside.on("error", (error) => fail(error, request, response));
  response.once("close", () => inside.destroy());
  inside.once("close", settled);
  inside.once("upgrade", (reply, socket, head) => {
    settled();
    response.detachSocket(client);
    const fields = replyHeaders(reply.rawHeaders, { upgrades: true });
    const lines = fields.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${fields[index + 1]}\r\n`] : []));
    client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`, "latin1");
    if (head.length > 0) socket.unshift(head);
    const over = () => {
      client.destroy();
      socket.destroy();
    };
    pipeline(client, socket, over);
    pipeline(socket, client, over);
  });
  inside.end();
}

function send({ method }: IncomingMessage, { address, port, target }: Destination, headers: string[]): ClientRequest {
  const options = { host: address, port, method, path: target, headers, agent: false, setHost: false } as const;
  const inside = sendRequest(options);
  inside.once("socket", (socket) => {
    const late = setTimeout(() => inside.destroy(new Error("No connection in time")), connectMilliseconds);
    socket.once("connect", () => clearTimeout(late));
    inside.once("close", () => clearTimeout(late));
  });
  return inside;
}

function answer(reply: IncomingMessage, request: IncomingMessage, response: ServerResponse): void {
  try {
    response.writeHead(reply.statusCode ?? 502, replyHeaders(reply.rawHeaders, { length: lengthOf(reply) }));
  } catch {
    reply.destroy();
    return refuse(request, response, "failed");
  }
  reply.once("end", () => dropRest(request, response));
  // Half a reply cannot be taken back: the cut connection tells the client that it is not whole.
  reply.on("error", () => request.socket.destroy());
  reply.pipe(response);
}

/** What the reply says of its length, which for HEAD is another's. */
function lengthOf({ headers }: IncomingMessage): string | undefined {
  return headers["transfer-encoding"] === undefined ? headers["content-length"] : undefined;
}

function fail(error: Error & { code?: string }, request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else refuse(request, response, error.code?.startsWith("HPE_") ? "failed" : "unreachable");
}
