import type { ClientHttp2Stream } from "node:http2";
import type { Readable } from "node:stream";
import { cancel } from "./cancel.ts";

/**
 * Sends a body as it comes, held back by the agent. One that breaks off cancels the request. When the agent has answered
 * and closed the stream before its end, the rest is read and dropped: the answer stands, and the body is not destroyed,
 * since that of an HTTP request is on its client's connection.
 */
export function sendBody(body: Readable, stream: ClientHttp2Stream): void {
  const closed = () => {
    if (!body.readableEnded) cancel(stream);
  };
  body.on("error", closed).once("close", closed);
  if (body.destroyed) closed();
  stream.once("close", () => body.unpipe(stream).resume());
  body.pipe(stream);
}
