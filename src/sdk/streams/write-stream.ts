/** @internal Where octets go, one piece behind the other. */
export interface Sink {
  /** Resolves once they are there. Aborted, it gives up. */
  write: (octets: Uint8Array, signal: AbortSignal) => Promise<void>;
  /** No more follows. */
  close: () => Promise<void>;
}

/** Input of a process. A write resolves once the process, or the pipe to it, has taken everything. */
export class SandkeepWriteStream<R extends string | Uint8Array = string> extends WritableStream<R> {
  /** @internal */
  constructor(sink: Sink) {
    const encoder = new TextEncoder();
    super({
      write: (chunk, { signal }) => sink.write(typeof chunk === "string" ? encoder.encode(chunk) : chunk, signal),
      close: () => sink.close(),
    });
  }

  /** Writes text, as UTF-8. */
  writeText(text: string): Promise<void> {
    return this.#write(text);
  }

  /** Writes octets. */
  writeBytes(bytes: Uint8Array): Promise<void> {
    return this.#write(bytes);
  }

  // The sink takes both, whatever the stream is declared to carry.
  async #write(chunk: string | Uint8Array): Promise<void> {
    const writer = (this as WritableStream<string | Uint8Array>).getWriter();
    const written = writer.write(chunk);
    // So that the next may be written, or the stream closed, behind this one.
    writer.releaseLock();
    await written;
  }
}
