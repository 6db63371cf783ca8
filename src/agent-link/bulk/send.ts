import type { Duplex, Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { free } from "../../lib/own-memory.ts";
import { limits } from "../limits.ts";
import { LinkError } from "../link-error.ts";
import { streamOctets } from "../metrics.ts";
import { maxPartOctets } from "./body-parser.ts";
import { StallTimer } from "./stall.ts";

const sentOctets = streamOctets.labels({ kind: "bulk", direction: "sent" });

/**
 * Sends a body over a stream in parts, with backpressure, and ends the stream. Resolves once all of it is on its way. The
 * memory of a chunk that lies alone in it is freed once the stream has taken the chunk: nobody else may look at it.
 * Rejects when the body breaks off, and with `LinkError` when the stream does or takes nothing for
 * `limits.stallMilliseconds`; the stream is destroyed then, and the body left as it is.
 */
export async function sendBody(body: Readable, stream: Duplex): Promise<void> {
  let stop: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new LinkError(`Cannot write on: ${why}`));
      const sent = { total: 0, sum: 0 };
      const take = (octets: Buffer) => {
        const parts = partsOf(octets);
        for (const [i, part] of parts.entries()) {
          sent.sum = crc32(part, sent.sum);
          sent.total += part.length;
          sentOctets.inc(part.length);
          stream.write(lengthOf(part));
          const taken = i === parts.length - 1 ? () => free(octets) : undefined;
          if (!stream.write(part, taken)) body.pause();
        }
      };
      const drained = () => {
        stall.progress();
        body.resume();
      };
      const ended = () => {
        // It is closed as well, but later.
        body.off("close", broken);
        stream.end(trailerOf(sent));
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

function partsOf(octets: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < octets.length; at += maxPartOctets) parts.push(octets.subarray(at, at + maxPartOctets));
  return parts;
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(part.length);
  return length;
}

function trailerOf({ total, sum }: { total: number; sum: number }): Buffer {
  const trailer = Buffer.alloc(16);
  trailer.writeBigUInt64BE(BigInt(total), 4);
  trailer.writeUInt32BE(sum, 12);
  return trailer;
}
