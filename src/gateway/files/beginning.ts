import type { IncomingMessage } from "node:http";
import { SandkeepError } from "../../api/errors.ts";
import { readOctets } from "../server/octets.ts";

/** A body that is there as a whole, or one that is still coming. */
export type Beginning = { whole: Buffer } | { whole?: undefined; large: boolean };

/** Bodies up to here are read before they are sent on. */
const smallOctets = 64 << 10;
/** Bodies from here on take a stream of their own. */
const largeOctets = 4 << 20;
/** How much comes of a body of unknown length before it is taken for a large one. */
const aheadOctets = 1 << 20;

/** Reads as much of a request's body as it takes to know which way it goes; what was read of a large one comes again. */
export async function beginningOf(request: IncomingMessage): Promise<Beginning> {
  const length = request.headers["content-length"];
  if (length === undefined) return await unknown(request);
  if (Number(length) <= smallOctets) return { whole: await readOctets(request) };
  return { large: Number(length) >= largeOctets };
}

function unknown(request: IncomingMessage): Promise<Beginning> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let octets = 0;
    const settle = () => request.off("data", take).off("end", over).off("close", gone);
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      octets += chunk.length;
      if (octets < aheadOctets) return;
      settle();
      request.pause();
      request.unshift(Buffer.concat(chunks));
      resolve({ large: true });
    };
    const over = () => {
      settle();
      resolve({ whole: Buffer.concat(chunks) });
    };
    const gone = () =>
      reject(new SandkeepError("unavailable", "request", "The client went before the end of its body"));
    request.on("data", take).once("end", over).once("close", gone);
  });
}
