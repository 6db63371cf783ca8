import type { IncomingMessage, ServerResponse } from "node:http";
import { SandkeepError } from "../../api/errors.ts";
import { HttpRefusal } from "./refusals.ts";

const maxOctets = 1 << 20;

/**
 * The body of a request as JSON, whatever Content-Type says: bearer tokens are not sent by browsers on their own, so there
 * is nothing to forge. Throws a refusal when it is missing, over 1 MiB, compressed or no JSON.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const { "content-length": length = "0", "transfer-encoding": transfer, "content-encoding": coding } = request.headers;
  if (transfer === undefined && Number(length) === 0)
    throw new HttpRefusal(400, "invalid_argument", "Cannot take the body: it is missing");
  if (coding !== undefined && coding !== "identity")
    throw new HttpRefusal(415, "invalid_argument", "Cannot take the body: send it without a Content-Encoding");
  if (Number(length) > maxOctets) throw tooLarge();
  return parse(await readAll(request));
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

// By events: iterating over a request costs as much as all the rest of reading it.
function readAll(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let octets = 0;
    request.on("data", (chunk: Buffer) => {
      octets += chunk.length;
      if (octets <= maxOctets) chunks.push(chunk);
      else reject(tooLarge());
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("error", (cause) =>
      reject(new SandkeepError("unavailable", "request", "The client went before the end of its body", { cause })),
    );
  });
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HttpRefusal(400, "invalid_argument", `Cannot read the body as JSON: ${why}`);
  }
}

function tooLarge(): SandkeepError {
  return new SandkeepError("file_too_large", "request", "Cannot take the body: it is over 1 MiB");
}
