import http2 from "node:http2";
import { Readable } from "node:stream";
import { cancel } from "./cancel.ts";
import { limits } from "./limits.ts";

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
  const body = new Readable({
    highWaterMark: limits.windowOctets,
    read: () => void stream.resume(),
    destroy(error, done) {
      // Most have ended in both directions: a cancellation would do nothing, and cost more than the rest of their end.
      if (!complete || !stream.writableFinished) cancel(stream);
      done(error);
    },
  });
  let complete = false;
  stream.on("data", (chunk: Buffer) => {
    if (!body.push(chunk)) stream.pause();
  });
  // A reset ends the stream too, by the event `end`, unless it came with an error.
  stream.once("end", () => {
    complete = ended() && stream.rstCode === http2.constants.NGHTTP2_NO_ERROR && !session.destroyed;
    if (complete) body.push(null);
  });
  stream.once("close", () => {
    if (!complete) body.destroy(failure());
  });
  // Whoever reads later is told all the same; whoever never does shall not bring the process down.
  body.on("error", () => {});
  return body;
}
