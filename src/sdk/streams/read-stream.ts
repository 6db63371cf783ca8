import { collect } from "../http/collect.ts";
import type { Chunks } from "./chunks.ts";
import { textDecoder } from "./text-decoder.ts";

/** Output of a process. It is asked for when it is read first, and what is not read stays in the sandbox. */
export class SandkeepReadStream<R extends string | Uint8Array = string> extends ReadableStream<R> {
  readonly #octets: AsyncIterableIterator<Uint8Array>;
  readonly #begun: () => boolean;

  /** @internal */
  constructor(octets: AsyncIterable<Uint8Array> & { cancel?: () => void }, chunks: Chunks<R>) {
    const iterator = octets[Symbol.asyncIterator]();
    let begun = false;
    super(
      {
        async pull(controller) {
          begun = true;
          for (;;) {
            const { done, value } = await iterator.next();
            const ready = done === true ? chunks.rest() : chunks.from(value);
            for (const chunk of ready) controller.enqueue(chunk);
            if (done === true) return controller.close();
            if (ready.length > 0) return;
          }
        },
        async cancel() {
          octets.cancel?.();
          await iterator.return?.();
        },
      },
      { highWaterMark: 0 },
    );
    this.#octets = { [Symbol.asyncIterator]: () => this.#octets, next: () => iterator.next() };
    this.#begun = () => begun;
  }

  /** All that is still to come, as text: UTF-8, with U+FFFD for what is none. Empty once everything has been read. */
  async readText(): Promise<string> {
    return textDecoder().decode(await this.readBytes());
  }

  /** All that is still to come, as octets. */
  async readBytes(): Promise<Uint8Array> {
    if (this.locked) throw new TypeError("Cannot read the stream: somebody else is reading it");
    if (this.#begun()) return await collect(this.#asOctets());
    // Not through text, which has no way to say what is not UTF-8; nobody else reads meanwhile.
    const lock = this.getReader();
    try {
      return await collect(this.#octets);
    } finally {
      lock.releaseLock();
    }
  }

  async *#asOctets(): AsyncGenerator<Uint8Array, void, void> {
    const encoder = new TextEncoder();
    for await (const chunk of this.values()) yield typeof chunk === "string" ? encoder.encode(chunk) : chunk;
  }
}
