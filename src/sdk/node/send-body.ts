import type { ClientRequest } from "node:http";
import type { TransportRequest } from "../http/transport.ts";

/** A body on its way. */
export interface Sending {
  /** Sends no more of it, for the reply is there. */
  stop: () => void;
}

/** Sends the body as fast as it is taken. What the body itself throws ends the request, and goes to `fail`. */
export function sendBody(
  outgoing: ClientRequest,
  body: TransportRequest["body"],
  fail: (error: unknown) => void,
): Sending {
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
    outgoing.end(body);
    return { stop: () => {} };
  }
  // The gateway may answer to the head alone, and the first of the body come much later.
  outgoing.flushHeaders();
  const iterator = body[Symbol.asyncIterator]();
  let stopped = false;
  const stop = () => {
    if (stopped) return;
    stopped = true;
    iterator.return?.().catch(() => {});
  };
  outgoing.once("close", stop);
  const send = async () => {
    for (;;) {
      const { done, value } = await iterator.next();
      if (stopped) return;
      if (done === true) break;
      if (!outgoing.write(value)) await drained(outgoing);
    }
    outgoing.off("close", stop);
    outgoing.end();
  };
  send().catch((error: unknown) => {
    if (stopped) return;
    stopped = true;
    fail(error);
    outgoing.destroy();
  });
  return { stop };
}

/** Resolves once more is taken, or never will be. */
function drained(outgoing: ClientRequest): Promise<void> {
  if (outgoing.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const go = () => {
      outgoing.off("drain", go);
      outgoing.off("close", go);
      resolve();
    };
    outgoing.on("drain", go);
    outgoing.on("close", go);
  });
}
