import { Duplex } from "node:stream";

/**
 * A byte stream as an HTTP/2 session can take it from a peer that may do anything at any time: it never half-closes, so
 * the end of either direction destroys it. Node's wrapper of streams that are no sockets aborts the process when the
 * session still writes (a ping, a GOAWAY) while a shutdown, which a peer's end starts, is under way.
 */
export function transportOf(stream: Duplex, onData: () => void): Duplex {
  const transport = new Duplex({
    read: () => void stream.resume(),
    write: (chunk, _, done) => void stream.write(chunk, done),
    writev(chunks, done) {
      stream.cork();
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
    if (!transport.push(chunk)) stream.pause();
  });
  stream.once("end", () => transport.destroy());
  stream.once("close", () => transport.destroy());
  stream.on("error", (error) => transport.destroy(error));
  return transport;
}
