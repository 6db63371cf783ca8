import { TOKEN_PROTOCOL_PREFIX } from "../../api/constants.ts";
import { Inbox } from "./inbox.ts";
import { ConnectionError, type TransportSocket } from "./transport.ts";

interface Opening {
  url: string;
  protocol: string;
  token: string | undefined;
}

/** How much may wait to be sent before `send` waits, in octets, and how often it looks. */
const outgoingOctets = 1 << 20;
const lookMilliseconds = 5;

/**
 * Opens a WebSocket as browsers have them: the token travels as a subprotocol, and of a refusal nobody is told more than that
 * there was one. What the other side sends cannot be held back.
 */
export async function browserWebSocket(
  { url, protocol, token }: Opening,
  signal?: AbortSignal,
): Promise<TransportSocket> {
  signal?.throwIfAborted();
  const protocols = token === undefined ? [protocol] : [protocol, TOKEN_PROTOCOL_PREFIX + base64Url(token)];
  const socket = new WebSocket(url.replace(/^http/, "ws"), protocols);
  socket.binaryType = "arraybuffer";
  const messages = receive(socket);
  const abort = () => socket.close();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve(), { once: true });
      socket.addEventListener("close", () => reject(signal?.aborted ? signal.reason : broken(url)), { once: true });
    });
  } finally {
    signal?.removeEventListener("abort", abort);
  }
  return { send: (message) => send(socket, message), messages, close: () => socket.close(1000) };
}

function broken(url: string): ConnectionError {
  return new ConnectionError(
    `Cannot open a WebSocket at ${new URL(url).pathname}: the gateway cannot be reached, or refused it`,
  );
}

function receive(socket: WebSocket): AsyncIterable<Uint8Array> {
  const inbox = new Inbox({ pause: () => {}, resume: () => {}, leave: () => socket.close(1000) });
  socket.addEventListener("message", ({ data }) => inbox.add(new Uint8Array(data as ArrayBuffer)));
  socket.addEventListener("close", ({ code, reason }) => {
    if (code === 1000) inbox.end();
    else
      inbox.fail(
        new ConnectionError(`The WebSocket closed with ${code} ${reason}`.trimEnd(), { closed: { code, reason } }),
      );
  });
  return inbox;
}

async function send(socket: WebSocket, message: Uint8Array): Promise<void> {
  while (socket.readyState === socket.OPEN && socket.bufferedAmount > outgoingOctets)
    await new Promise((resolve) => setTimeout(resolve, lookMilliseconds));
  if (socket.readyState !== socket.OPEN) throw new ConnectionError("Cannot send over the WebSocket: it has closed");
  socket.send(new Uint8Array(message));
}

function base64Url(text: string): string {
  const octets = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(octets).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
