import http2 from "node:http2";
import type { Readable } from "node:stream";
import { cancel } from "./cancel.ts";
import { limits } from "./limits.ts";
import { ReadAhead } from "./read-ahead.ts";

/**
 * The body of a response as an ordinary stream, read ahead up to `limits.windowOctets`. It must be made while the
 * `response` event is told. An end comes only if `ended` says that the agent ended the stream; else the body fails with
 * `failure()`.
 *
 * An HTTP/2 stream is itself no ordinary stream: its `closed` means the protocol's state, true already while data waits
 * to be read, and `pipeline` and `for await` then take it for broken.
 */
export function responseBody(
  stream: http2.ClientHttp2Stream,
  session: http2.ClientHttp2Session,
  ended: () => boolean,
  failure: () => Error,
): Readable {
  const body = new ReadAhead({
    octets: limits.windowOctets,
    resume: () => void stream.resume(),
    destroyed() {
      // Most have closed: a cancellation would do nothing, and cost more than the rest of their end. That the request's
      // body has finished is not enough: its end waits for a window, which an agent may never open.
      if (!complete || !stream.closed) cancel(stream);
    },
  });
  let complete = false;
  stream.on("data", (chunk: Buffer) => {
    if (!body.add(chunk)) stream.pause();
  });
  // A reset ends the stream too, by the event `end`, unless it came with an error.
  stream.once("end", () => {
    complete = ended() && stream.rstCode === http2.constants.NGHTTP2_NO_ERROR && !session.destroyed;
    if (complete) body.finish();
  });
  stream.once("close", () => {
    if (!complete) body.destroy(failure());
  });
  // Whoever reads later is told all the same; whoever never does shall not bring the process down.
  body.on("error", () => {});
  return body;
}
