import http2 from "node:http2";
import { Duplex, duplexPair, PassThrough, type Readable } from "node:stream";
import type { ServerHttp2Stream } from "node:http2";
import { describe, expect, it, vi } from "vitest";
import { Link } from "../../../src/agent-link/link.ts";
import { limits } from "../../../src/agent-link/limits.ts";
import { eventually } from "../../support/eventually.ts";
import { farEnd, textOf, type FarEnd } from "./far-end.ts";
import { Flood } from "./flood.ts";

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = http2.constants;
const ok = { ":status": 200 };
const get = { method: "GET", path: "/" };

describe("a link", () => {
  it("carries many requests at once, each with its own body and answer", async () => {
    await using end = await farEnd((stream) => {
      stream.respond(ok);
      stream.pipe(stream);
    });
    const bodies = Array.from({ length: 200 }, (_, i) => `body ${i} ${"x".repeat(i * 100)}`);
    const answers = await Promise.all(
      bodies.map(async (body) => textOf((await end.link.request({ method: "POST", path: "/", body })).body)),
    );
    expect(answers).toEqual(bodies);
  });

  it("gives the whole body also to a reader that comes when the stream is over", async () => {
    await using end = await farEnd((stream) => {
      stream.respond(ok);
      stream.end("late but whole");
    });
    const { body } = await end.link.request(get);
    await eventually(() => expect(end.link.streams).toBe(0));
    expect(await textOf(body)).toBe("late but whole");
  });

  it("holds the agent back while nobody reads", async () => {
    const flood = new Flood();
    await using end = await farEnd((stream) => {
      stream.respond(ok);
      flood.over(stream, Buffer.alloc(64 << 10));
    });
    const { body } = await end.link.request(get);
    await flood.heldBack();
    expect(flood.octets).toBeLessThan(4 * limits.windowOctets);
    body.destroy();
  });

  it("lets responses of so many octets come without a word in between", async () => {
    let window = 0;
    await using end = await farEnd((stream) => {
      window = stream.session?.state.remoteWindowSize ?? 0;
      stream.respond(ok);
      stream.end();
    });
    const { body } = await end.link.request(get);
    await textOf(body);
    expect(window).toBe(limits.linkWindowOctets);
  });

  it("cancels the stream when the signal is aborted, before and after the answer", async () => {
    const closed: number[] = [];
    let arrived = 0;
    await using end = await farEnd((stream) => {
      arrived += 1;
      stream.on("close", () => closed.push(stream.rstCode ?? -1));
      if (stream.sentHeaders === undefined && closed.length > 0) stream.respond(ok);
    });
    const first = new AbortController();
    const request = end.link.request({ ...get, signal: first.signal });
    await eventually(() => expect(arrived).toBe(1));
    first.abort(new Error("changed my mind"));
    await expect(request).rejects.toThrow("changed my mind");
    await eventually(() => expect(closed).toHaveLength(1));

    const second = new AbortController();
    const { body } = await end.link.request({ ...get, signal: second.signal });
    second.abort(new Error("gone"));
    await expect(textOf(body)).rejects.toThrow();
    await eventually(() => expect(closed).toHaveLength(2));
  });

  it.each<[when: string, stop: (controller: AbortController, body: Readable, request: Readable) => void]>([
    ["it is cancelled", (controller) => controller.abort(new Error("gone"))],
    ["nobody wants the answer", (_, body) => void body.destroy()],
    ["the request's own body fails", (_, __, request) => void request.destroy(new Error("broken"))],
  ])("never shows the agent a body as whole when %s in the middle", async (_, stop) => {
    const told: string[] = [];
    await using end = await farEnd((stream) => {
      stream.respond(ok);
      stream.once("end", () => told.push("end")).once("aborted", () => told.push("aborted"));
      stream.once("close", () => told.push("close")).resume();
    });
    const controller = new AbortController();
    const request = new PassThrough();
    request.write("half");
    const { body } = await end.link.request({ method: "POST", path: "/", body: request, signal: controller.signal });
    stop(controller, body, request);
    await eventually(() => expect(told).toContain("close"));
    // A reset ends it for Node, too, after it has told of it.
    expect(told).toEqual(["aborted", "end", "close"]);
  });

  it("gives a slow reader all of an answer to a request that the agent no longer reads", async () => {
    const answer = "x".repeat(400_000);
    const closed = Promise.withResolvers<void>();
    await using end = await farEnd((stream) => {
      stream.respond(ok);
      stream.end(answer, () => stream.close(http2.constants.NGHTTP2_NO_ERROR));
      stream.once("close", closed.resolve);
    });
    const { body } = await end.link.request({ method: "POST", path: "/", body: new PassThrough() });
    await closed.promise;
    await new Promise(setImmediate);
    expect(await textOf(body)).toBe(answer);
  });

  it("refuses more requests than it may have under way", async () => {
    await using end = await farEnd((stream) => stream.respond(ok));
    const many = Array.from({ length: limits.streams }, () => end.link.request(get).catch(() => {}));
    await expect(end.link.request(get)).rejects.toMatchObject({ code: "resource_exhausted" });
    end.link.destroy();
    await Promise.all(many);
  });

  const breaks: [what: string, how: (stream: ServerHttp2Stream, end: FarEnd) => void][] = [
    ["the stream is reset", (stream) => stream.destroy(new Error("reset"))],
    ["the transport fails", (_, end) => void end.near.destroy(new Error("cut"))],
    ["the transport ends", (_, end) => void end.far.end()],
    ["the link is destroyed", (_, end) => end.link.destroy()],
    ["the agent goes away with an error", (stream) => stream.session?.goaway(2)],
  ];
  it.each(breaks)("fails a body, never ends it, when %s in the middle", async (_, breakIt) => {
    const streams: ServerHttp2Stream[] = [];
    await using end = await farEnd((stream) => {
      stream.respond(ok);
      stream.write("half");
      streams.push(stream);
    });
    const { body } = await end.link.request(get);
    const text = textOf(body);
    const [stream] = streams;
    if (stream) breakIt(stream, end);
    await expect(text).rejects.toMatchObject({ code: "unavailable" });
  });

  it("gives the last words of an agent that ends in the same moment", async () => {
    const held: Buffer[] = [];
    const near = new Duplex({ read() {}, write: (chunk, _, done) => (far.push(chunk), done()) });
    const far = new Duplex({ read() {}, write: (chunk, _, done) => ((hold ? held : near).push(chunk), done()) });
    let hold = false;
    const session = http2.performServerHandshake(far);
    session.on("error", () => {});
    session.on("stream", (stream) => {
      stream.respond(ok);
      stream.write("first, ");
      stream.once("data", () => {
        hold = true;
        stream.end("last words");
      });
    });
    const link = await Link.over(near, 'sandbox "ns/a"');
    const body = new PassThrough();
    const answer = await link.request({ method: "POST", path: "/", body });
    body.end("go");
    await eventually(() => expect(Buffer.concat(held).toString()).toContain("last words"));
    for (const chunk of held) near.push(chunk);
    near.push(null);
    expect(await textOf(answer.body)).toBe("first, last words");
    await eventually(() => expect(link.open).toBe(false));
    far.destroy();
  });

  it("gives the answer to a body that was not read to its end, and reads the rest of it", async () => {
    await using end = await farEnd((stream) => {
      stream.respond({ ":status": 409 });
      stream.end("refused");
      stream.once("finish", () => stream.close(NGHTTP2_NO_ERROR));
    });
    const body = new PassThrough();
    body.write("x".repeat(100_000));
    const answer = await end.link.request({ method: "PUT", path: "/", body });
    expect(answer.status).toBe(409);
    expect(await textOf(answer.body)).toBe("refused");
    body.end("x".repeat(100_000));
    await eventually(() => expect(body.readableEnded).toBe(true));
    expect(end.link.open).toBe(true);
  });

  it("cancels a request whose body breaks off", async () => {
    let seen: number | undefined;
    const arrived = Promise.withResolvers<void>();
    await using end = await farEnd((stream) => {
      stream.once("data", () => arrived.resolve());
      stream.once("close", () => (seen = stream.rstCode));
    });
    const body = new PassThrough();
    body.write("half");
    const answer = end.link.request({ method: "PUT", path: "/", body });
    await arrived.promise;
    body.destroy(new Error("the client left"));
    await expect(answer).rejects.toMatchObject({ code: "unavailable" });
    await eventually(() => expect(seen).toBe(NGHTTP2_CANCEL));
  });

  it("lets requests under way end when it is closed", async () => {
    await using end = await farEnd((stream) => {
      stream.respond(ok);
      setImmediate(() => stream.end("done"));
    });
    const { body } = await end.link.request(get);
    const [text] = await Promise.all([textOf(body), end.link.close()]);
    expect(text).toBe("done");
    expect(end.link.open).toBe(false);
    await expect(end.link.request(get)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a hostile agent", () => {
  it.each([
    ["headers without end", { x: "a".repeat(200_000) }],
    ["too many headers", Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`h${i}`, "v"]))],
  ])("fails the request with %s", async (_, headers) => {
    await using end = await farEnd((stream) => {
      stream.respond({ ...ok, ...headers });
      stream.end();
    });
    await expect(end.link.request(get).then(({ body }) => textOf(body))).rejects.toMatchObject({ code: "unavailable" });
  });

  it("is given up when it speaks no HTTP/2", async () => {
    const [near, far] = duplexPair();
    far.write("SSH-2.0-nonsense\r\n".repeat(100));
    await expect(Link.over(near, 'sandbox "ns/a"')).rejects.toThrow('Cannot reach the agent of sandbox "ns/a"');
    expect(near.destroyed).toBe(true);
  });

  it("is given up when it closes before it speaks", async () => {
    const [near, far] = duplexPair();
    far.end();
    await expect(Link.over(near, 'sandbox "ns/a"')).rejects.toMatchObject({ code: "unavailable" });
  });

  it("cannot bring the process down by ending at an unlucky moment", async () => {
    for (let i = 0; i < 100; i++) {
      await using end = await farEnd((stream) => stream.respond(ok));
      const requests = Array.from({ length: 1 + (i % 5) }, () =>
        end.link.request(get).then(({ body }) => textOf(body)),
      );
      for (let turn = 0; turn < i % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
      if (i % 2 === 0) end.far.end();
      else end.far.push(null);
      requests.push(end.link.request(get).then(({ body }) => textOf(body)));
      await Promise.allSettled([...requests, end.link.close()]);
    }
  });

  it("cannot fail the closing of its link by breaking the protocol meanwhile", async () => {
    await using end = await farEnd((stream) => stream.respond(ok));
    const { body } = await end.link.request(get);
    const closed = end.link.close();
    const emptyWindowUpdate = [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    end.near.push(Buffer.from(emptyWindowUpdate));
    await expect(textOf(body)).rejects.toMatchObject({ code: "unavailable" });
    await expect(closed).resolves.toBeUndefined();
  });

  it("is given up when it says nothing in time", async () => {
    vi.useFakeTimers();
    try {
      const [near] = duplexPair();
      const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => {
        const controller = new AbortController();
        setTimeout(() => controller.abort(new Error("late")), milliseconds);
        return controller.signal;
      });
      const opening = expect(Link.over(near, 'sandbox "ns/a"')).rejects.toThrow("did not answer within 15000 ms");
      await vi.advanceTimersByTimeAsync(limits.openMilliseconds);
      await opening;
      timeout.mockRestore();
    } finally {
      vi.useRealTimers();
    }
  });

  it("cannot hold a request for ever without an answer", async () => {
    await using end = await farEnd(() => {});
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const request = expect(end.link.request(get)).rejects.toMatchObject({ code: "deadline_exceeded" });
      await vi.advanceTimersByTimeAsync(limits.responseMilliseconds);
      await request;
    } finally {
      vi.useRealTimers();
    }
  });
});
