import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import { ConflictError } from "../errors.ts";
import { bodyOf } from "../http/body.ts";
import type { Gateway, Operation } from "../http/gateway.ts";
import { ConnectionError, type TransportReply } from "../http/transport.ts";

/** The contents of a file on their way. */
export interface Download {
  /** How many octets there are; undefined where the sandbox's kernel does not say. */
  size: number | undefined;
  octets: AsyncIterable<Uint8Array>;
}

/** How often in a row the contents may break off before anything of them came. */
const mostAttempts = 20;
const delays = { first: 100, most: 2_000 };

/**
 * The contents of a file, from an offset on. Broken off, they are gone on with from the last octet as long as the file is the same,
 * and throw a `ConflictError` when it has changed.
 */
export async function download(gateway: Gateway, operation: Operation, from = 0): Promise<Download> {
  const first = await gateway.open(from === 0 ? operation : ranged(operation, from));
  const length = first.reply.header("content-length");
  return {
    size: length === undefined ? undefined : from + Number(length),
    octets: octetsOf(gateway, operation, from, first.reply),
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
    reply = (await gateway.open(offset === 0 ? operation : ranged(operation, offset, version))).reply;
    const current = reply.header("etag");
    if (offset === from) version = current;
    if (current === version) continue;
    reply.cancel();
    throw new ConflictError(
      "conflict",
      "file",
      "The file changed while it was read, and the connection broke: read it again",
    );
  }
}

function ranged(operation: Operation, offset: number, version?: string): Operation {
  const headers = { range: `bytes=${offset}-`, ...(version !== undefined && { "if-range": version }) };
  return { ...operation, headers: { ...operation.headers, ...headers } };
}
