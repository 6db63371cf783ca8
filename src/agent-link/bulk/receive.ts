import { Readable, type Duplex } from "node:stream";
import { limits } from "../limits.ts";
import { LinkError } from "../link-error.ts";
import { streamOctets } from "../metrics.ts";
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
  const body = new Readable({
    highWaterMark: limits.windowOctets,
    read: () => void stream.resume(),
    destroy(error, done) {
      stall.stop();
      // Whole, the agent is waiting to be told that everything arrived.
      if (parser.over && error === null) stream.end();
      else stream.destroy();
      done(error);
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
      for (const part of parser.take(octets)) {
        received.inc(part.length);
        if (!body.push(part)) stream.pause();
      }
      checkLength(parser, length);
    } catch (error) {
      body.destroy(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (parser.over) body.push(null);
  });
  stream.once("end", () => parser.over || fail("the stream ended before the body"));
  stream.once("close", () => parser.over || fail("the stream broke before the end of the body"));
  // Whoever reads later is told all the same; whoever never does shall not bring the process down.
  body.on("error", () => {});
  return body;
}

function checkLength({ over, total }: BodyParser, length: number | undefined): void {
  if (length !== undefined && (total > length || (over && total < length)))
    throw new LinkError(`The agent sent ${total} octets or more, but announced ${length}`);
}
