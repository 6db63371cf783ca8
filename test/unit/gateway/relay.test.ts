import type { ServerHttp2Stream } from "node:http2";
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import type { LinkResponse } from "../../../src/agent-link/link.ts";
import { relay } from "../../../src/gateway/agent/relay.ts";
import { OwnMemory } from "../../../src/lib/own-memory.ts";
import { farEnd } from "../agent-link/far-end.ts";

interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  complete: boolean;
}

/** What a client gets when the agent answers so. */
async function relayed(
  answer: (stream: ServerHttp2Stream) => void,
  onData?: (response: IncomingMessage, chunk?: string) => void,
  method?: string,
): Promise<Reply> {
  await using end = await farEnd(answer);
  return await relayedFrom(() => end.link.request({ method: "GET", path: "/" }), onData, method);
}

async function relayedFrom(
  ask: () => Promise<LinkResponse>,
  onData: (response: IncomingMessage, chunk?: string) => void = () => {},
  method = "GET",
): Promise<Reply> {
  const answerWith = async (response: ServerResponse) => {
    try {
      await relay(await ask(), "application/octet-stream", response);
    } catch {
      if (response.headersSent) response.destroy();
      else response.writeHead(503).end();
    }
  };
  const server = createServer((_, response) => void answerWith(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await new Promise<Reply>((resolve, reject) => {
      const request = httpRequest({ port, host: "127.0.0.1", method }, (response) => {
        let text = "";
        const done = () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, complete: response.complete });
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
          onData(response, chunk);
        });
        onData(response);
        response.on("error", () => {}).on("close", done);
      });
      request.on("error", reject).end();
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

it("frees the memory of a large body once it was sent, and sends it whole", async () => {
  const pieces = Array.from({ length: 100 }, (_, i) => OwnMemory.buffer(100_000).fill(97 + (i % 26)));
  const text = pieces.join("");
  const body = Readable.from(pieces.flatMap((piece) => [piece.subarray(0, 60_000), piece.subarray(60_000)]));
  const reply = await relayedFrom(() => Promise.resolve({ status: 200, headers: {}, body }));
  expect(reply.text === text).toBe(true);
  expect(pieces.filter(({ length }) => length === 0).length).toBeGreaterThan(90);
});

it("hands on the body and the offset, and nothing else that the sandbox says", async () => {
  const reply = await relayed((stream) => {
    stream.respond({
      ":status": 200,
      "content-type": "text/html",
      "sandkeep-offset": "42",
      "set-cookie": "a=b",
      "x-frame-options": "ALLOW",
      location: "https://example.com",
    });
    stream.end("<script>");
  });
  expect(reply).toMatchObject({ status: 200, text: "<script>", complete: true });
  expect(Object.keys(reply.headers).sort()).toEqual([
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "keep-alive",
    "sandkeep-offset",
  ]);
  expect(reply.headers["content-type"]).toBe("application/octet-stream");
});

it.each([["-1"], ["abc"], ["1e9"], ["12345678901234567890"]])("drops the offset %j", async (offset) => {
  const reply = await relayed((stream) => {
    stream.respond({ ":status": 200, "sandkeep-offset": offset });
    stream.end();
  });
  expect(reply.headers).not.toHaveProperty("sandkeep-offset");
});

it("hands on the length and the range of a part of a file, if that is what they are", async () => {
  const part = await relayed((stream) => {
    stream.respond({ ":status": 206, "content-length": "3", "content-range": "bytes 2-4/10" });
    stream.end("abc");
  });
  expect(part).toMatchObject({ status: 206, text: "abc", complete: true });
  expect(part.headers).toMatchObject({ "content-length": "3", "content-range": "bytes 2-4/10" });
  const other = await relayed((stream) => {
    stream.respond({ ":status": 206, "content-range": "pages 1-2" });
    stream.end("abc");
  });
  expect(other.headers).not.toHaveProperty("content-range");
});

it.each([
  ["more", "2"],
  ["less", "4"],
])("shows no body as whole that has %s than the length says", async (_, length) => {
  const reply = await relayed((stream) => {
    stream.respond({ ":status": 200, "content-length": length });
    stream.end("abc");
  });
  expect(reply.status === 200 && reply.complete).toBe(false);
});

it.each([
  [200, 200],
  [201, 201],
  [204, 204],
  [206, 206],
  [207, 200],
])("answers %i with %i", async (status, expected) => {
  const reply = await relayed((stream) => {
    stream.respond({ ":status": status });
    stream.end();
  });
  expect(reply.status).toBe(expected);
});

it("shows a follower the head before there is an octet, and each octet before there is another", async () => {
  const seen: string[] = [];
  let agent: ServerHttp2Stream | undefined;
  const reply = await relayed(
    (stream) => {
      agent = stream;
      stream.respond({ ":status": 200 });
    },
    (response, chunk) => {
      seen.push(chunk ?? `head ${response.statusCode}`);
      if (chunk === undefined) agent?.write("first");
      else if (chunk === "first") agent?.end("last");
    },
  );
  expect(reply).toMatchObject({ text: "firstlast", complete: true });
  expect(seen).toEqual(["head 200", "first", "last"]);
});

it("answers HEAD with the head alone, also of a body without an end", async () => {
  const reply = await relayed(
    (stream) => {
      stream.respond({ ":status": 200, "sandkeep-offset": "7" });
      stream.write("first of many");
    },
    undefined,
    "HEAD",
  );
  expect(reply).toMatchObject({ status: 200, text: "", complete: true, headers: { "sandkeep-offset": "7" } });
});

it("cuts the client off when the body breaks off", async () => {
  const reply = await relayed((stream) => {
    stream.respond({ ":status": 200 });
    stream.write("half");
    setImmediate(() => stream.destroy(new Error("reset")));
  });
  expect(reply).toMatchObject({ status: 200, text: "half", complete: false });
});

it("carries megabytes whole to a client that stops and goes", async () => {
  const chunk = "x".repeat(50_000);
  let chunks = 0;
  const reply = await relayed(
    (stream) => {
      stream.respond({ ":status": 200 });
      const fill = () => {
        while (chunks < 200) {
          chunks += 1;
          if (!stream.write(chunk)) {
            stream.once("drain", fill);
            return;
          }
        }
        stream.end();
      };
      fill();
    },
    (response) => {
      response.pause();
      setImmediate(() => response.resume());
    },
  );
  expect(reply.complete).toBe(true);
  expect(reply.text).toHaveLength(200 * chunk.length);
});
