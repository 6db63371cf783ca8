import type { ClientHttp2Session } from "node:http2";
import { limits } from "./limits.ts";

/**
 * Pings a quiet session, so that idle timers on the way never fire, and calls `onSilence` with the milliseconds when
 * nothing at all arrived for `limits.silenceMilliseconds`. Octets count as signs of life, not pongs alone: behind a
 * backpressured upload a pong may be late.
 */
export class KeepAlive {
  #heardAt = performance.now();
  #owed = false;
  #timer: NodeJS.Timeout | undefined;

  /** To be called whenever octets arrive. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  start(session: ClientHttp2Session, onSilence: (milliseconds: number) => void): void {
    this.#timer = setInterval(() => {
      const silence = performance.now() - this.#heardAt;
      if (this.#owed && silence >= limits.silenceMilliseconds) onSilence(Math.round(silence));
      else if (!this.#owed && silence >= limits.pingMilliseconds / 2) this.#ping(session);
    }, limits.pingMilliseconds);
    this.#timer.unref();
    session.once("close", () => clearInterval(this.#timer));
  }

  #ping(session: ClientHttp2Session): void {
    // Between its destruction and its `close` it would throw.
    if (session.destroyed) return;
    this.#owed = session.ping(() => {
      this.#owed = false;
    });
  }
}
