import type { ClientHttp2Stream } from "node:http2";

/**
 * Tells whether the agent has ended its side of a stream (END_STREAM). Node ends a stream likewise that was reset without
 * an error, and has no event that tells the two apart; but it takes a reset stream for closed before. Must be called before
 * the stream can have been answered.
 */
export function endOfStream(stream: ClientHttp2Stream): () => boolean {
  const push = stream.push.bind(stream);
  let ended = false;
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk === null && !stream.closed) ended = true;
    return push(chunk, encoding);
  };
  return () => ended;
}
