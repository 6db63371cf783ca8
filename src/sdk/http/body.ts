import type { TransportReply } from "./transport.ts";

/** The body of a reply; it keeps the program alive only while somebody waits for more of it. */
export async function* bodyOf(reply: TransportReply): AsyncGenerator<Uint8Array, void, void> {
  const chunks = reply.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      reply.keepAlive?.(true);
      const { done, value } = await chunks.next();
      if (done === true) return;
      reply.keepAlive?.(false);
      yield value;
    }
  } finally {
    await chunks.return?.();
  }
}
