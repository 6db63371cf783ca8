import { Duplex } from "node:stream";
import { streamOctets } from "./metrics.ts";

const sent = streamOctets.labels({ kind: "link", direction: "sent" });
const received = streamOctets.labels({ kind: "link", direction: "received" });

/**
 * A byte stream as an HTTP/2 session can take it from a peer that may do anything at any time: it never half-closes, so
 * the end of either direction destroys it. Node's wrapper of streams that are no sockets aborts the process when the
 * session still writes (a ping, a GOAWAY) while a shutdown, which a peer's end starts, is under way.
 */
export function transportOf(stream: Duplex, onData: () => void): Duplex {
  const transport = new Duplex({
    read: () => void stream.resume(),
    write(chunk: Buffer, _, done) {
      sent.inc(chunk.length);
      stream.write(chunk, done);
    },
    writev(chunks: { chunk: Buffer }[], done) {
      stream.cork();
      for (const { chunk } of chunks) sent.inc(chunk.length);
      chunks.forEach(({ chunk }, i) => stream.write(chunk, i === chunks.length - 1 ? done : undefined));
      stream.uncork();
    },
    final(done) {
      stream.end();
      done();
    },
    destroy(error, done) {
      stream.destroy();
      done(error);
    },
  });
  stream.on("data", (chunk: Buffer) => {
    onData();
    received.inc(chunk.length);
    if (!transport.push(chunk)) stream.pause();
  });
  let over = false;
  // What has arrived is handed on first, and the turn after that lets responses that it completes come to their end.
  const finish = (error?: Error) => {
    if (over) return;
    over = true;
    const destroy = () => void setImmediate(() => transport.destroy(error));
    if (transport.readableLength === 0) destroy();
    else transport.on("data", () => transport.readableLength === 0 && destroy());
  };
  stream.on("error", finish);
  stream.once("end", finish);
  stream.once("close", finish);
  return transport;
}
