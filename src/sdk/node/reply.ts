import type { IncomingMessage } from "node:http";
import { ConnectionError, type TransportReply } from "../http/transport.ts";
import { failureOf, type Attempt } from "./failure.ts";

/** A reply whose body throws unless all of it came. */
export function replyOf(incoming: IncomingMessage, attempt: Attempt): TransportReply {
  // Whoever gave the body up hears nothing more of it.
  incoming.on("error", () => {});
  return {
    status: incoming.statusCode ?? 0,
    header: (name) => {
      const value = incoming.headers[name.toLowerCase()];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    body: bodyOf(incoming, attempt),
    keepAlive: (whether) => {
      // Once it has ended, the connection belongs to nobody or to another request.
      if (incoming.complete) return;
      if (whether) incoming.socket.ref();
      else incoming.socket.unref();
    },
    cancel: () => void incoming.destroy(),
  };
}

async function* bodyOf(incoming: IncomingMessage, attempt: Attempt): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
      yield chunk;
      attempt.signal?.throwIfAborted();
    }
  } catch (cause) {
    throw failureOf(attempt, cause);
  }
  if (!isWhole(incoming)) throw new ConnectionError(`The reply to ${attempt.action} broke off in the middle`);
}

/** Whether the reply told where it ends, and came so far. One that ends with its connection may be a part. */
function isWhole({ complete, headers, statusCode }: IncomingMessage): boolean {
  const bodiless = statusCode === 204 || statusCode === 304;
  return complete && (bodiless || "content-length" in headers || "transfer-encoding" in headers);
}
