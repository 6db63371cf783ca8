import type { Duplex, Readable } from "node:stream";
import { limits } from "../limits.ts";
import { LinkError } from "../link-error.ts";
import { streamOctets } from "../metrics.ts";
import { ReadAhead } from "../read-ahead.ts";
import { BodyParser } from "./body-parser.ts";
import { StallTimer } from "./stall.ts";

const received = streamOctets.labels({ kind: "bulk", direction: "received" });

/**
 * The body that comes over a stream, with backpressure. It ends only when it is whole, as it was sent, and has `length`
 * octets where that is known; else it fails with `LinkError`: when the stream ends early, or brings nothing for
 * `limits.stallMilliseconds` while somebody reads. The stream is ended with the body, or destroyed.
 */
export function receiveBody(stream: Duplex, length?: number): Readable {
  const parser = new BodyParser();
  const body = new ReadAhead({
    octets: limits.windowOctets,
    resume: () => void stream.resume(),
    destroyed(error) {
      stall.stop();
      // Whole, the agent is waiting to be told that everything arrived.
      if (parser.over && error === null) stream.end();
      else stream.destroy();
    },
  });
  const fail = (why: string) => body.destroy(new LinkError(`Cannot read on: ${why}`));
  const stall = new StallTimer(
    limits.stallMilliseconds,
    () => !stream.isPaused(),
    () => fail(`the agent sent nothing for ${limits.stallMilliseconds} ms`),
  );
  stream.on("data", (octets: Buffer) => {
    stall.progress();
    try {
      const part = joined(parser.take(octets));
      received.inc(part.length);
      if (part.length > 0 && !body.add(part)) stream.pause();
      checkLength(parser, length);
    } catch (error) {
      body.destroy(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (parser.over) body.finish();
  });
  stream.once("end", () => parser.over || fail("the stream ended before the body"));
  stream.once("close", () => parser.over || fail("the stream broke before the end of the body"));
  // Whoever reads later is told all the same; whoever never does shall not bring the process down.
  body.on("error", () => {});
  return body;
}

/** One piece of all, so that what lies in one memory is also sent on together. */
function joined(parts: Buffer[]): Buffer {
  const [first] = parts;
  return first !== undefined && parts.length === 1 ? first : Buffer.concat(parts);
}

function checkLength({ over, total }: BodyParser, length: number | undefined): void {
  if (length !== undefined && (total > length || (over && total < length)))
    throw new LinkError(`The agent sent ${total} octets or more, but announced ${length}`);
}
