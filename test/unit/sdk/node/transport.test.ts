import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { ConnectionError, type TransportReply } from "../../../../src/sdk/http/transport.ts";
import { nodeTransport, type NodeTransportOptions } from "../../../../src/sdk/node/transport.ts";
import { waitFor } from "../../../support/wait-for.ts";
import { httpsStub, httpStub, tcpStub } from "./gateway-stub.ts";

const textOf = ({ body }: TransportReply) => text(body);

describe("a request", () => {
  test("comes with method, path, headers, token and body, and its reply with status, headers and body", async () => {
    await using stub = await httpStub((request, response) => {
      const { method, url, headers } = request;
      response.writeHead(201, { "Sandkeep-Offset": "7" });
      void text(request).then((body) => response.end(JSON.stringify({ method, url, ...headers, body })));
    });
    const transport = nodeTransport({ url: `${stub.url}/below/`, token: () => "secret" });
    const headers = { "content-type": "application/json" };
    const reply = await transport.request({ method: "POST", path: "/v1/x?a=b", headers, body: '{"ü":1}' });
    expect([reply.status, reply.header("sandkeep-offset"), reply.header("SANDKEEP-OFFSET")]).toEqual([201, "7", "7"]);
    expect(reply.header("other")).toBeUndefined();
    expect(JSON.parse(await textOf(reply))).toMatchObject({
      method: "POST",
      url: "/below/v1/x?a=b",
      authorization: "Bearer secret",
      "content-type": "application/json",
      "content-length": "8",
      body: '{"ü":1}',
    });
  });

  test("uses the connection of the one before", async () => {
    await using stub = await httpStub((_, response) => response.end("ok"));
    const transport = nodeTransport({ url: stub.url });
    for (let round = 0; round < 5; round++) await textOf(await transport.request({ method: "GET", path: "/v1/" }));
    expect(stub.opened).toBe(1);
    transport.close();
    await textOf(await transport.request({ method: "GET", path: "/v1/" }));
    expect(stub.opened).toBe(2);
  });

  test("carries streams both ways at once, at the speed of the slower side", async () => {
    await using stub = await httpStub((request, response) => void request.pipe(response));
    const octets = 64 << 20;
    const piece = randomBytes(1 << 16);
    let asked = 0;
    async function* pieces() {
      for (; asked < octets; asked += piece.length) yield piece;
    }
    const reply = await nodeTransport({ url: stub.url }).request({ method: "POST", path: "/v1/", body: pieces() });
    // Nobody reads yet: what is asked for stays below what fits into the buffers on the way.
    let before = -1;
    await waitFor("the upload to come to a halt", () => asked === before || void (before = asked));
    expect(asked).toBeLessThan(octets);
    const hash = createHash("sha256");
    for await (const chunk of reply.body) hash.update(chunk);
    const sent = createHash("sha256");
    for (let at = 0; at < octets; at += piece.length) sent.update(piece);
    expect(hash.digest("hex")).toBe(sent.digest("hex"));
  });

  test("fails with what its body throws", async () => {
    await using stub = await httpStub((request) => request.resume());
    const trouble = new Error("the disk is gone");
    async function* body() {
      yield Buffer.from("some");
      throw trouble;
    }
    await expect(nodeTransport({ url: stub.url }).request({ method: "PUT", path: "/v1/", body: body() })).rejects.toBe(
      trouble,
    );
  });
});

describe("a refusal while the body is sent", () => {
  const refusal = "HTTP/1.1 413 No\r\nContent-Length: 4\r\n\r\nmuch";

  test("is delivered though the server, which does not wait for us, closes at once", async () => {
    const server = new Worker(
      `const { createServer } = require("node:net");
      const { parentPort } = require("node:worker_threads");
      const server = createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end(${JSON.stringify(refusal)}, () => socket.destroy()));
      });
      server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`,
      { eval: true },
    );
    const [port] = (await once(server, "message")) as [number];
    for (let round = 0; round < 50; round++) {
      let ended = false;
      // As one who computes what to send: meanwhile replies and resets come that nobody has looked at yet.
      async function* endless() {
        try {
          for (;;) {
            yield Buffer.alloc(1 << 16);
            for (const until = performance.now() + (round % 3); performance.now() < until;);
          }
        } finally {
          ended = true;
        }
      }
      const transport = nodeTransport({ url: `http://127.0.0.1:${port}` });
      const reply = await transport.request({ method: "PUT", path: "/v1/", body: endless() });
      expect([reply.status, await textOf(reply)]).toEqual([413, "much"]);
      await waitFor("the body to be given up", () => ended);
    }
    await server.terminate();
  });

  test("ends a body that gives nothing more", async () => {
    await using stub = await tcpStub((socket) => void socket.once("data", () => socket.write(refusal)));
    let left = false;
    const silent = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: async () => {
          left = true;
          return { done: true as const, value: undefined };
        },
      }),
    };
    const reply = await nodeTransport({ url: stub.url }).request({ method: "PUT", path: "/v1/", body: silent });
    expect([reply.status, await textOf(reply), left]).toEqual([413, "much", true]);
  });
});

describe("a ConnectionError tells", () => {
  test("that nothing listens", async () => {
    const stub = await tcpStub(() => {});
    await stub[Symbol.asyncDispose]();
    await expect(nodeTransport({ url: stub.url }).request({ method: "GET", path: "/v1/a" })).rejects.toMatchObject({
      name: "ConnectionError",
      message: expect.stringMatching(/GET \/v1\/a.*ECONNREFUSED/),
      cause: expect.objectContaining({ code: "ECONNREFUSED" }),
    });
  });

  test("that the connection closed before the reply", async () => {
    await using stub = await tcpStub((socket) => void socket.once("data", () => socket.destroy()));
    await expect(nodeTransport({ url: stub.url }).request({ method: "GET", path: "/v1/" })).rejects.toBeInstanceOf(
      ConnectionError,
    );
  });

  test("that a kept connection is closed", async () => {
    let requests = 0;
    await using stub = await tcpStub((socket) => {
      socket.on("data", () => {
        if (requests++ === 0) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        else socket.resetAndDestroy();
      });
    });
    const transport = nodeTransport({ url: stub.url });
    await textOf(await transport.request({ method: "GET", path: "/v1/" }));
    await expect(transport.request({ method: "GET", path: "/v1/" })).rejects.toBeInstanceOf(ConnectionError);
  });

  test.each([
    ["shorter than its length", "Content-Length: 10\r\n\r\nshort"],
    ["without its last chunk", "Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n"],
    ["within a chunk", "Transfer-Encoding: chunked\r\n\r\n9\r\nshort"],
    ["that never told its length", "\r\nshort"],
  ])("that a body ended %s", async (_, rest) => {
    await using stub = await tcpStub((socket) => {
      socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\n${rest}`));
    });
    const { body } = await nodeTransport({ url: stub.url }).request({ method: "GET", path: "/v1/" });
    let read = "";
    const reading = async () => {
      for await (const chunk of body) read += Buffer.from(chunk).toString();
    };
    await expect(reading()).rejects.toBeInstanceOf(ConnectionError);
    expect(read).toBe("short");
  });
});

describe("aborted, rejects with the reason", () => {
  const reason = new Error("changed my mind");

  test("a request that was not sent", async () => {
    const signal = AbortSignal.abort(reason);
    const transport = nodeTransport({ url: "http://127.0.0.1:1" });
    await expect(transport.request({ method: "GET", path: "/v1/", signal })).rejects.toBe(reason);
  });

  test.each<[what: string, options: Partial<NodeTransportOptions>]>([
    ["connection", { connect: () => new Promise(() => {}) }],
    ["token", { token: () => new Promise(() => {}) }],
  ])("one that waits for its %s", async (_, options) => {
    const controller = new AbortController();
    const { signal } = controller;
    const transport = nodeTransport({ url: "http://127.0.0.1:1", ...options });
    const request = transport.request({ method: "GET", path: "/v1/", signal });
    setImmediate(() => controller.abort(reason));
    await expect(request).rejects.toBe(reason);
  });

  test("one that waits for its reply, and its connection closes", async () => {
    const controller = new AbortController();
    let closed = false;
    await using stub = await httpStub((request) => {
      request.once("close", () => (closed = true));
      controller.abort(reason);
    });
    const { signal } = controller;
    await expect(nodeTransport({ url: stub.url }).request({ method: "GET", path: "/v1/", signal })).rejects.toBe(
      reason,
    );
    await waitFor("the server to hear of it", () => closed);
  });

  test("the reading of a body", async () => {
    await using stub = await httpStub((_, response) => void response.write("some"));
    const controller = new AbortController();
    const { signal } = controller;
    const { body } = await nodeTransport({ url: stub.url }).request({ method: "GET", path: "/v1/", signal });
    const reading = async () => {
      for await (const _ of body) controller.abort(reason);
    };
    await expect(reading()).rejects.toBe(reason);
  });
});

test.each<[how: string, leave: (reply: TransportReply) => Promise<void> | void]>([
  [
    "by break",
    async ({ body }) => {
      for await (const _ of body) break;
    },
  ],
  ["by cancel", (reply) => reply.cancel()],
])("a body that is left %s closes its connection", async (_, leave) => {
  let closed = false;
  await using stub = await httpStub((_, response) => {
    response.once("close", () => (closed = true));
    response.write("some");
  });
  await leave(await nodeTransport({ url: stub.url }).request({ method: "GET", path: "/v1/" }));
  await waitFor("the connection to close", () => closed);
});

async function* oneChunk() {
  yield Buffer.from("once");
}

/** What comes of a request whose first token is refused. */
const ask = async (renewable: boolean, body?: AsyncIterable<Uint8Array>) => {
  const heard: (string | undefined)[] = [];
  await using stub = await httpStub((request, response) => {
    heard.push(request.headers.authorization);
    request.resume();
    response.writeHead(request.headers.authorization === "Bearer new" ? 200 : 401).end("reply");
  });
  let token = "old";
  const refused = () => {
    token = "new";
    return renewable;
  };
  const transport = nodeTransport({ url: stub.url, token: async () => token, refused });
  const reply = await transport.request({ method: "PUT", path: "/v1/", ...(body && { body }) });
  return { status: reply.status, text: await textOf(reply), heard };
};

describe("a refused token", () => {
  test("is replaced, and the request sent again", async () => {
    expect(await ask(true)).toEqual({ status: 200, text: "reply", heard: ["Bearer old", "Bearer new"] });
  });

  test("is the answer where there is no other", async () => {
    expect(await ask(false)).toEqual({ status: 401, text: "reply", heard: ["Bearer old"] });
  });

  test("is the answer where the body can be read only once", async () => {
    expect(await ask(true, oneChunk())).toEqual({ status: 401, text: "reply", heard: ["Bearer old"] });
  });
});

describe("over TLS", () => {
  test("a gateway whose certificate is known answers", async () => {
    await using stub = await httpsStub((_, response) => response.end("ok"));
    const transport = nodeTransport({ url: stub.url, tls: { ca: stub.certificate } });
    expect(await textOf(await transport.request({ method: "GET", path: "/v1/" }))).toBe("ok");
  });

  test.each([
    ["of nobody known", ["127.0.0.1"], false, /verify the gateway's certificate.*SANDKEEP_CA_FILE/],
    ["for another name", ["elsewhere"], true, /127\.0\.0\.1/],
  ])("a certificate %s is refused with what to do", async (_, names, known, message) => {
    await using stub = await httpsStub((_, response) => response.end("ok"), names);
    const transport = nodeTransport({ url: stub.url, tls: known ? { ca: stub.certificate } : {} });
    await expect(transport.request({ method: "GET", path: "/v1/" })).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(message),
    });
  });
});
