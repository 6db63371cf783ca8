import type { ClientHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import { limits } from "./limits.ts";

/**
 * Pings a quiet session, so that idle timers on the way never fire, and calls `onSilence` with the milliseconds when
 * nothing at all arrived for `limits.silenceMilliseconds`. Octets count as signs of life, not pongs alone: behind a
 * backpressured upload a pong may be late. Returns what stops it.
 */
export function keepAlive(
  session: ClientHttp2Session,
  transport: Duplex,
  onSilence: (milliseconds: number) => void,
): () => void {
  let heardAt = performance.now();
  let owed = false;
  const heard = () => (heardAt = performance.now());
  // The session paused the transport and reads on its own terms; this listener only looks on.
  transport.on("data", heard);
  const timer = setInterval(() => {
    const silence = performance.now() - heardAt;
    if (owed && silence >= limits.silenceMilliseconds) onSilence(Math.round(silence));
    else if (!owed && silence >= limits.pingMilliseconds / 2)
      owed = session.ping(() => {
        owed = false;
        heard();
      });
  }, limits.pingMilliseconds);
  timer.unref();
  return () => {
    clearInterval(timer);
    transport.off("data", heard);
  };
}
