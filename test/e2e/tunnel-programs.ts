/**
 * Runs in a sandbox, in the image of operator and gateway, which has Node: a web server with a WebSocket that echoes (8000), a
 * gRPC server over HTTP/2 without TLS that answers with what it was sent (9000), and one that echoes octets (7000). Each has a
 * way to send 1 GiB of a pattern.
 */
export const servers = String.raw`
import { createServer as tcp } from "node:net";
import { createServer as http } from "node:http";
import { createServer as http2 } from "node:http2";
import { WebSocketServer } from "/app/node_modules/ws/wrapper.mjs";

const block = Buffer.alloc(1 << 20, "0123456789abcdef");
async function fill(stream) {
  for (let sent = 0; sent < 1024; sent++)
    if (!stream.write(block)) await new Promise((resolve) => stream.once("drain", resolve).once("close", resolve));
  stream.end();
}

const web = http((request, response) => {
  if (request.url === "/gib") void fill(response);
  else response.end(JSON.stringify({ url: request.url, host: request.headers.host }));
}).listen(8000, "0.0.0.0");
new WebSocketServer({ server: web }).on("connection", (socket) =>
  socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary })));

http2().on("stream", (stream, headers) => {
  stream.on("error", () => {});
  if (headers[":path"] === "/gib") { stream.respond(); return void fill(stream); }
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.pipe(stream);
}).listen(9000, "0.0.0.0");

tcp({ allowHalfOpen: true }, (socket) => {
  socket.on("error", () => {});
  socket.once("data", (first) => {
    if (first.toString() === "gib") return void fill(socket);
    socket.write(first);
    socket.pipe(socket);
  });
}).listen(7000, "0.0.0.0");
`;

/** Echoes at port 7000 once there is a file `/tmp/go`. */
export const lateEcho = `
const echo = net.createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}).pipe(socket));
const wait = setInterval(() => {
  if (!fs.existsSync("/tmp/go")) return;
  clearInterval(wait);
  echo.listen(7000, "0.0.0.0");
}, 20);
`;

/** A mebibyte of what they send. */
export const block: Buffer = Buffer.alloc(1 << 20, "0123456789abcdef");

/** Counts octets of the pattern; throws at the first that is another. */
export function patternCheck(): (chunk: Buffer) => number {
  let count = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      const from = (count + at) % block.length;
      const length = Math.min(chunk.length - at, block.length - from);
      if (block.compare(chunk, at, at + length, from, from + length) !== 0)
        throw new Error(`Other octets than were sent, between ${count + at} and ${count + at + length}`);
      at += length;
    }
    return (count += chunk.length);
  };
}
