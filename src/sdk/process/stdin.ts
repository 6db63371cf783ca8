import type { Stdin } from "../../api/process.ts";
import { anyOf } from "../any-of.ts";
import { Silence, type Gateway } from "../http/gateway.ts";
import type { Sink } from "../streams/write-stream.ts";

/** How much one request carries; octets. A broken one is sent again. */
const pieceSize = 1 << 20;

/** After this long, the process reads slowly or the connection is dead: asking again is right in both cases. */
const replyMilliseconds = 5_000;

/**
 * Standard input of a process. Several may write: each octet arrives once, whatever breaks, behind those that came before it and
 * in the order in which its writer sent it.
 */
export class StdinSink implements Sink {
  readonly #gateway: Gateway;
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;
  readonly #writer = crypto.randomUUID();
  /** How many octets this writer has sent. */
  #offset = 0;

  /** `path` is the process's. */
  constructor(gateway: Gateway, path: string, signal?: AbortSignal) {
    this.#gateway = gateway;
    this.#path = path;
    this.#signal = signal;
  }

  async write(octets: Uint8Array, signal?: AbortSignal): Promise<void> {
    for (let sent = 0; sent < octets.length; sent += pieceSize)
      await this.#put(octets.subarray(sent, sent + pieceSize), false, signal);
  }

  close(): Promise<void> {
    return this.#put(new Uint8Array(), true);
  }

  async #put(body: Uint8Array, eof: boolean, signal?: AbortSignal): Promise<void> {
    const query = { offset: this.#offset, writer: this.#writer, ...(eof && { eof }) };
    await untilHeard(() =>
      this.#gateway.json<Stdin>({
        method: "PUT",
        path: `${this.#path}/stdin`,
        query,
        body,
        answersWithin: replyMilliseconds,
        signal: anyOf(this.#signal, signal),
      }),
    );
    this.#offset += body.length;
  }
}

/** The reply, however long it takes: a process may not read for days. */
async function untilHeard<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Error && error.cause instanceof Silence)) throw error;
    }
  }
}
