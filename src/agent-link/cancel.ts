import type { ClientHttp2Stream } from "node:http2";
import { addAbortSignal } from "node:stream";

/**
 * Resets a stream, at whatever point. Its own `close` would end the request's body first, and the agent take a part for
 * all of it.
 */
export function cancel(stream: ClientHttp2Stream): void {
  addAbortSignal(AbortSignal.abort(), stream);
}
