import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import { ConflictError, InvalidError } from "../errors.ts";
import { bodyOf } from "../http/body.ts";
import type { Gateway, Operation } from "../http/gateway.ts";
import { ConnectionError, type TransportReply } from "../http/transport.ts";

/** The contents of a file on their way. */
export interface Download {
  /** How many octets there are; undefined where the sandbox's kernel does not say. */
  size: number | undefined;
  octets: AsyncIterable<Uint8Array>;
  /** Gives up what nobody has begun to read. */
  cancel: () => void;
}

/** How often in a row the contents may break off before anything of them came. */
const mostAttempts = 20;
const delays = { first: 100, most: 2_000 };

/**
 * The contents of a file, from an offset on; none from its end on. Broken off, they are gone on with from the last octet as long as the file is the same,
 * and throw a `ConflictError` when it has changed.
 */
export async function download(gateway: Gateway, operation: Operation, from = 0): Promise<Download> {
  let first: TransportReply;
  try {
    first = await gateway.open(from === 0 ? operation : ranged(operation, from));
  } catch (error) {
    if (from === 0 || refusedSize(error) !== from) throw error;
    return { size: from, octets: nothing(), cancel: () => {} };
  }
  const length = first.header("content-length");
  return {
    size: length === undefined ? undefined : from + Number(length),
    octets: octetsOf(gateway, operation, from, first),
    cancel: () => first.cancel(),
  };
}

async function* octetsOf(
  gateway: Gateway,
  operation: Operation,
  from: number,
  first: TransportReply,
): AsyncGenerator<Uint8Array, void, void> {
  let version = first.header("etag");
  let reply = first;
  let offset = from;
  for (let attempt = 0; ; attempt++) {
    try {
      for await (const octets of bodyOf(reply)) {
        offset += octets.length;
        attempt = 0;
        yield octets;
      }
      return;
    } catch (error) {
      if (!(error instanceof ConnectionError) || version === undefined || attempt >= mostAttempts) throw error;
    }
    await sleep(backoff(attempt, delays), operation.signal);
    try {
      reply = await gateway.open(offset === 0 ? operation : ranged(operation, offset, version));
    } catch (error) {
      if (refusedSize(error) === offset) return;
      throw error;
    }
    const current = reply.header("etag");
    if (offset === from) version = current;
    if (current === version && (offset === 0 || reply.status === partialContent)) continue;
    reply.cancel();
    throw new ConflictError(
      "conflict",
      "file",
      "The file changed while it was read, and the connection broke: read it again",
    );
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void, void> {}

/** The status of a reply that has the range that was asked for, rather than the whole. */
export const partialContent = 206;

/** The size of the file that a refusal of a range behind its end tells; undefined for any other error. */
export function refusedSize(error: unknown): number | undefined {
  const size = error instanceof InvalidError ? error.details?.["size"] : undefined;
  return typeof size === "number" ? size : undefined;
}

function ranged(operation: Operation, offset: number, version?: string): Operation {
  const headers = { range: `bytes=${offset}-`, ...(version !== undefined && { "if-range": version }) };
  return { ...operation, headers: { ...operation.headers, ...headers } };
}
