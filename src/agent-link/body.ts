import type { Readable } from "node:stream";
import { limits } from "./limits.ts";
import { LinkError } from "./link-error.ts";

/** Reads a whole JSON body of at most `limits.jsonOctets`; throws `LinkError` when it is longer or no JSON. */
export async function readJson(body: Readable): Promise<unknown> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > limits.jsonOctets)
      throw new LinkError(`The agent's answer is longer than ${limits.jsonOctets} octets`);
    chunks.push(chunk);
  }
  return parseJson(Buffer.concat(chunks));
}

/** Parses NDJSON as it comes; throws `LinkError` on a line longer than `limits.lineOctets` or no JSON. */
export async function* readLines(body: Readable): AsyncGenerator<unknown, void, void> {
  let parts: Buffer[] = [];
  let octets = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      yield parseJson(Buffer.concat([...parts, chunk.subarray(start, end)]));
      parts = [];
      octets = 0;
      start = end + 1;
    }
    octets += chunk.length - start;
    if (octets > limits.lineOctets)
      throw new LinkError(`The agent sent a line longer than ${limits.lineOctets} octets`);
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (octets > 0) throw new LinkError("The agent's answer broke off in the middle of a line");
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new LinkError("The agent's answer is not JSON", { cause });
  }
}
