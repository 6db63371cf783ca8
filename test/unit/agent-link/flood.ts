import type { Writable } from "node:stream";
import { sleep } from "../../../src/lib/sleep.ts";

/** An agent that writes as fast as it is read. */
export class Flood {
  /** Octets written. */
  octets = 0;

  /** Writes a chunk again and again, for as long as it is taken. */
  over(stream: Writable, chunk: Buffer): void {
    do this.octets += chunk.length;
    while (stream.write(chunk));
    stream.once("drain", () => this.over(stream, chunk));
  }

  /** Resolves once no more has been taken for a tenth of a second. */
  async heldBack(): Promise<void> {
    for (let before = -1; this.octets !== before; await sleep(100)) before = this.octets;
  }
}
