import type { Duplex, Readable } from "node:stream";
import { free } from "../../lib/own-memory.ts";
import { limits } from "../limits.ts";
import { LinkError } from "../link-error.ts";
import { streamOctets } from "../metrics.ts";
import { PartWriter } from "./part-writer.ts";
import { StallTimer } from "./stall.ts";

const sentOctets = streamOctets.labels({ kind: "bulk", direction: "sent" });

/** Octets of a part with its length: it fills a frame of the stream, which the API server hands on in pieces of 32 KiB. */
const partOctets = 256 << 10;

/**
 * Sends a body over a stream in parts, with backpressure, and ends the stream. Resolves once all of it is on its way. The
 * memory of a chunk that lies alone in it is freed once the chunk was copied: nobody else may look at it.
 * Rejects when the body breaks off, and with `LinkError` when the stream does or takes nothing for
 * `limits.stallMilliseconds`; the stream is destroyed then, and the body left as it is.
 */
export async function sendBody(body: Readable, stream: Duplex): Promise<void> {
  let stop: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new LinkError(`Cannot write on: ${why}`));
      const parts = new PartWriter(partOctets, (part, taken) => {
        stream.write(part, () => {
          taken();
          stall.progress();
        });
        // One is on its way, one waits, and one is filled meanwhile.
        if (stream.writableLength > partOctets) body.pause();
      });
      const take = (octets: Buffer) => {
        sentOctets.inc(octets.length);
        parts.add(octets);
        free(octets);
      };
      const drained = () => {
        stall.progress();
        body.resume();
      };
      const ended = () => {
        // It is closed as well, but later.
        body.off("close", broken);
        parts.end();
        stream.end();
      };
      const broken = () => fail("the client went before the end of its body");
      const cut = () => fail("the stream to the agent broke");
      const stall = new StallTimer(
        limits.stallMilliseconds,
        () => stream.writableLength > 0,
        () => fail(`the agent took nothing for ${limits.stallMilliseconds} ms`),
      );
      stop = () => {
        stall.stop();
        parts.stop();
        body.off("data", take).off("end", ended).off("error", broken).off("close", broken).pause();
        stream.off("drain", drained).off("finish", resolve).off("close", cut);
      };
      stream.on("drain", drained).once("finish", resolve).once("close", cut);
      body.on("data", take).once("end", ended).once("error", broken).once("close", broken);
      if (body.destroyed) broken();
      // It may have been paused before.
      else body.resume();
    });
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    stop?.();
  }
}
