import http2 from "node:http2";
import { duplexPair, type Duplex } from "node:stream";
import { Link } from "../../../src/agent-link/link.ts";

export interface FarEnd extends AsyncDisposable {
  link: Link;
  /** The link's own end of the byte stream, and the agent's. */
  near: Duplex;
  far: Duplex;
  /** Says that no more requests will be answered; those under way still are. */
  goAway(): void;
}

/** A link to a program of the test's own that speaks HTTP/2, as well or badly as `answer` does. */
export async function farEnd(answer: (stream: http2.ServerHttp2Stream, path: string) => void): Promise<FarEnd> {
  const [near, far] = duplexPair();
  const session = http2.performServerHandshake(far);
  session.on("error", () => {});
  session.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    answer(stream, headers[":path"] ?? "");
  });
  const link = await Link.over(near, 'sandbox "ns/a"');
  return {
    link,
    near,
    far,
    goAway: () => session.goaway(),
    async [Symbol.asyncDispose]() {
      link.destroy();
      near.destroy();
      far.destroy();
    },
  };
}

/** Everything that a body gives. */
export async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of body) text += chunk.toString("utf8");
  return text;
}
