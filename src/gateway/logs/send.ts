import type { ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { MERGED_STREAMS, OFFSET_HEADER, STREAMS_HEADER } from "../../api/process.ts";
import { contentTypes } from "../agent/proxy.ts";
import { relay } from "../agent/relay.ts";

/** Sends a log on to the client as it comes. */
export async function sendLog(
  body: Readable,
  response: ServerResponse,
  headers: Record<string, string> = {},
): Promise<void> {
  await relay({ status: 200, headers, body }, contentTypes.octets, response);
}

/** Sends a log in place of an output stream: from its beginning, whatever the offset, and said to have both streams. */
export async function sendMerged(body: Readable, response: ServerResponse): Promise<void> {
  response.setHeader(STREAMS_HEADER, MERGED_STREAMS);
  await sendLog(body, response, { [OFFSET_HEADER.toLowerCase()]: "0" });
}
