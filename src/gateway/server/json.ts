import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { maxOctets, readOctets, tooLarge } from "./octets.ts";
import { HttpRefusal } from "./refusals.ts";

/**
 * The body of a request as JSON, whatever Content-Type says: bearer tokens are not sent by browsers on their own, so there
 * is nothing to forge. Throws a refusal when it is missing, over 1 MiB, compressed, not UTF-8 or no JSON.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const { "content-length": length = "0", "transfer-encoding": transfer, "content-encoding": coding } = request.headers;
  if (transfer === undefined && Number(length) === 0)
    throw new HttpRefusal(400, "invalid_argument", "Cannot take the body: it is missing");
  if (coding !== undefined && coding !== "identity")
    throw new HttpRefusal(415, "invalid_argument", "Cannot take the body: send it without a Content-Encoding");
  if (Number(length) > maxOctets) throw tooLarge();
  return parse(await readOctets(request));
}

/** Answers with a value in JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response
    .writeHead(status, {
      "Content-Type": "application/json; charset=utf-8",
      "Content-Length": Buffer.byteLength(text),
    })
    .end(text);
}

function parse(body: Buffer): unknown {
  // Otherwise each such octet would become another character.
  if (!isUtf8(body)) throw new HttpRefusal(400, "invalid_argument", "Cannot read the body as JSON: it is not UTF-8");
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HttpRefusal(400, "invalid_argument", `Cannot read the body as JSON: ${why}`);
  }
}
