import type { Process, Stdin } from "../../api/process.ts";
import { anyOf } from "../any-of.ts";
import { Silence, type Gateway } from "../http/gateway.ts";
import type { Sink } from "../streams/write-stream.ts";

/** How much one request carries; octets. A broken one is sent again. */
const pieceSize = 1 << 20;

/** After this long, the process reads slowly or the connection is dead: asking again is right in both cases. */
const replyMilliseconds = 5_000;

/** Standard input of a process, written at offsets: nothing arrives twice, whatever breaks. */
export class StdinSink implements Sink {
  readonly #gateway: Gateway;
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;
  #offset: number | undefined;

  /** `path` is the process's; input begins at `offset`, or behind what the process has been given by then. */
  constructor(gateway: Gateway, path: string, offset: number | undefined, signal?: AbortSignal) {
    this.#gateway = gateway;
    this.#path = path;
    this.#offset = offset;
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
    const offset = (this.#offset ??= await this.#end());
    const query = { offset, ...(eof && { eof }) };
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
    this.#offset = offset + body.length;
  }

  async #end(): Promise<number> {
    const { stdin } = await this.#gateway.json<Process>({ method: "GET", path: this.#path, signal: this.#signal });
    return stdin?.offset ?? 0;
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
