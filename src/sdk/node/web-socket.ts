import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { ConnectionError, type TransportReply, type TransportSocket } from "../http/transport.ts";
import { Inbox } from "../http/inbox.ts";
import { agentFor, type AgentOptions } from "./agent.ts";
import { failureOf, type Attempt } from "./failure.ts";
import { replyOf } from "./reply.ts";

interface Opening {
  url: URL;
  protocol: string;
  headers: Record<string, string | string[]>;
  connection: AgentOptions;
  attempt: Attempt;
}

/** How much may wait to be sent before `send` waits, in octets. */
const outgoingOctets = 1 << 20;
/** How long the other side has to answer a farewell. */
const farewellMilliseconds = 2_000;

/** Opens a WebSocket on a connection of its own; a refusal rejects with what `refusal` makes of it. */
export async function openWebSocket(
  { url, protocol, headers, connection, attempt }: Opening,
  refusal: (reply: TransportReply) => Promise<Error>,
): Promise<TransportSocket> {
  const { signal, action } = attempt;
  signal?.throwIfAborted();
  const agent = agentFor(url.protocol === "https:", connection, { keepAlive: false });
  const options = { headers, agent, perMessageDeflate: false, closeTimeout: farewellMilliseconds };
  const socket = new WebSocket(url, [protocol], options);
  const messages = receive(socket, action);
  const abort = () => socket.terminate();
  signal?.addEventListener("abort", abort, { once: true });
  let connected: Socket | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("upgrade", (response) => (connected = response.socket));
      socket.once("open", resolve);
      socket.once("error", (cause) => reject(failureOf(attempt, cause)));
      socket.once("unexpected-response", (_, response: IncomingMessage) => {
        refusal(replyOf(response, attempt)).then(reject, reject);
      });
    });
  } finally {
    signal?.removeEventListener("abort", abort);
  }
  return {
    send: (message) => send(socket, message, action),
    messages,
    keepAlive: (whether) => void (whether ? connected?.ref() : connected?.unref()),
    close: () => socket.close(1000),
  };
}

function receive(socket: WebSocket, action: string): AsyncIterable<Uint8Array> {
  const inbox = new Inbox({
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    leave: () => socket.close(1000),
  });
  let failure: unknown;
  socket.binaryType = "nodebuffer";
  socket.on("message", (message: Buffer) => inbox.add(message));
  socket.on("error", (cause) => (failure = cause));
  socket.once("close", (code, reason) => {
    if (code === 1000) return inbox.end();
    const closed = { code, reason: reason.toString() };
    inbox.fail(
      new ConnectionError(`The WebSocket of ${action} closed with ${code} ${closed.reason}`.trimEnd(), {
        cause: failure,
        closed,
      }),
    );
  });
  return inbox;
}

function send(socket: WebSocket, message: Uint8Array, action: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = (cause?: Error | null) =>
      cause
        ? reject(new ConnectionError(`Cannot send over the WebSocket of ${action}: ${cause.message}`, { cause }))
        : resolve();
    socket.send(message, sent);
    if (socket.readyState === socket.OPEN && socket.bufferedAmount < outgoingOctets) resolve();
  });
}
