import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { duplexPair, Readable, type Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Bulk, NoStreamError, type Ask } from "../../../../src/agent-link/bulk/bulk.ts";
import { SandkeepError } from "../../../../src/api/errors.ts";
import { limits } from "../../../../src/agent-link/limits.ts";
import { LinkError } from "../../../../src/agent-link/link-error.ts";
import type { LinkResponse } from "../../../../src/agent-link/link.ts";
import { BodyParser } from "../../../../src/agent-link/bulk/body-parser.ts";
import { eventually } from "../../../support/eventually.ts";
import { number, parts } from "./parts.ts";
import { Flood } from "../flood.ts";

const target = { namespace: "ns", pod: "a", uid: "1" };
const forever = new AbortController().signal;
const greeting = "sandkeep/1\n";

interface Started {
  args: string[];
  far: Duplex;
  near: Duplex;
}

/** Bulk whose streams end at this agent. */
function bulkTo(agent: (started: Started) => unknown): { bulk: Bulk; started: Started[] } {
  const started: Started[] = [];
  const bulk = new Bulk({
    open: (_target, args) => {
      const [near, far] = duplexPair();
      near.on("error", () => {});
      far.on("error", () => {});
      near.once("close", () => far.destroy());
      far.once("close", () => near.destroy());
      started.push({ args, far, near });
      agent({ args, far, near });
      return Promise.resolve(near);
    },
    waitMilliseconds: 100,
  });
  return { bulk, started };
}

/** An answer on the link that says that its body is on the stream of the ticket. */
function onStream(length?: number): Ask {
  return ({ headers }) =>
    Promise.resolve({
      status: 200,
      headers: { ...headers, ...(length !== undefined && { "sandkeep-length": String(length) }) },
      body: Readable.from([]),
    });
}

/** Greets, and resolves with the body once it is whole. */
async function received(far: Duplex): Promise<Buffer> {
  far.write(greeting);
  const parser = new BodyParser();
  const got: Buffer[] = [];
  for await (const octets of far as AsyncIterable<Buffer>) {
    // The sender uses its memory again.
    got.push(...parser.take(Buffer.from(octets)));
    if (parser.over) break;
  }
  return Buffer.concat(got);
}

/** Is answered only when it is given up. */
const unanswered: Ask = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

const noBody: LinkResponse = { status: 204, headers: {}, body: Readable.from([]) };

describe("a download", () => {
  const body = randomBytes(3_000_000);

  it("comes over the stream of its ticket, whole, and the stream is ended then", async () => {
    const { bulk, started } = bulkTo(({ far }) => far.write(Buffer.concat([Buffer.from(greeting), parts(body)])));
    let asked = "";
    const answer = await bulk.download(
      target,
      (more) => {
        asked = more.headers["sandkeep-ticket"] ?? "";
        expect(more.prefix).toBe("/bulk");
        return onStream(body.length)(more);
      },
      forever,
    );
    expect(answer.headers["content-length"]).toBe(String(body.length));
    const got = await buffer(answer.body);
    expect(createHash("sha256").update(got).digest("hex")).toBe(createHash("sha256").update(body).digest("hex"));
    expect(started.map(({ args }) => args)).toEqual([["read", asked]]);
    expect(asked).toMatch(/^[0-9a-f]{32}$/);
    const [stream] = started;
    if (stream) await once(stream.far.resume(), "end");
    stream?.far.end();
    await eventually(() => expect(stream?.near.destroyed).toBe(true));
  });

  it("stays on the link when the agent finds it small, or answers for another ticket", async () => {
    const { bulk, started } = bulkTo(() => {});
    const small = { status: 200, headers: { "sandkeep-ticket": "0".repeat(32) }, body: Readable.from(["text"]) };
    const answer = await bulk.download(target, () => Promise.resolve(small), forever);
    expect((await buffer(answer.body)).toString()).toBe("text");
    expect(started).toEqual([]);
  });

  it("has a new ticket each time", async () => {
    const { bulk, started } = bulkTo(({ far }) => far.write(greeting));
    for (let i = 0; i < 3; i++) (await bulk.download(target, onStream(), forever)).body.destroy();
    expect(new Set(started.map(({ args }) => args[1])).size).toBe(3);
  });

  it.each<[what: string, octets: Buffer | string]>([
    ["is cut", parts(body).subarray(0, 2_000_000)],
    ["is cut before the end", parts(body).subarray(0, -1)],
    ["is longer than announced", parts(Buffer.concat([body, body]))],
    ["is shorter than announced", parts(body.subarray(1))],
    ["is garbage", Buffer.alloc(100_000, 0x7f)],
  ])("fails, and does not end, when it %s", async (_, octets) => {
    const { bulk, started } = bulkTo(({ far }) => {
      far.write(greeting);
      far.end(octets);
    });
    const answer = await bulk.download(target, onStream(body.length), forever);
    await expect(buffer(answer.body)).rejects.toBeInstanceOf(LinkError);
    expect(started[0]?.near.destroyed).toBe(true);
  });

  it("holds the agent back while nobody reads", async () => {
    const flood = new Flood();
    const { bulk } = bulkTo(({ far }) => {
      far.write(greeting);
      flood.over(far, Buffer.concat([number(65_536), Buffer.alloc(65_536)]));
    });
    const answer = await bulk.download(target, onStream(), forever);
    await flood.heldBack();
    expect(flood.octets).toBeLessThan(4 * limits.windowOctets);
    answer.body.destroy();
  });
});

describe("an upload", () => {
  const body = randomBytes(5_000_000);
  const chunks = () => Readable.from([body.subarray(0, 2_500_000), body.subarray(2_500_000)]);

  it("goes over the stream of its ticket, and is answered on the link", async () => {
    const { promise, resolve } = Promise.withResolvers<Buffer>();
    const { bulk, started } = bulkTo(({ far }) => received(far).then(resolve));
    const ask: Ask = async () => {
      await promise;
      return noBody;
    };
    expect(await bulk.upload(target, chunks().pause(), ask, forever)).toBe(noBody);
    expect((await promise).equals(body)).toBe(true);
    expect(started[0]?.args[0]).toBe("write");
    await eventually(() => expect(started[0]?.near.destroyed).toBe(true));
  });

  it("throws the refusal of an agent that never waits for it", async () => {
    const { bulk, started } = bulkTo(() => {});
    const refusal = new SandkeepError("is_a_directory", "file", "it is a directory");
    const body = chunks();
    await expect(bulk.upload(target, body, () => Promise.reject(refusal), forever)).rejects.toBe(refusal);
    expect((await buffer(body)).length).toBe(5_000_000);
    await eventually(() => expect(started.every(({ near }) => near.destroyed)).toBe(true));
  });

  it("throws the refusal of an agent that has no room in the middle", async () => {
    const full = Promise.withResolvers<LinkResponse>();
    const { bulk } = bulkTo(({ far }) => {
      far.write(greeting);
      far.once("data", () => {
        far.destroy();
        setImmediate(() => full.reject(new SandkeepError("no_space", "file", "full")));
      });
    });
    await expect(bulk.upload(target, chunks(), () => full.promise, forever)).rejects.toMatchObject({
      code: "no_space",
    });
  });

  it("is unavailable when the stream breaks and the agent says nothing", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const { bulk } = bulkTo(({ far }) => {
        far.write(greeting);
        far.once("data", () => far.destroy());
      });
      const upload = expect(bulk.upload(target, chunks(), unanswered, forever)).rejects.toMatchObject({
        code: "unavailable",
      });
      for (let i = 0; i < 20; i++) {
        await new Promise((resolve) => setImmediate(resolve));
        await vi.advanceTimersByTimeAsync(limits.lastWordsMilliseconds);
      }
      await upload;
    } finally {
      vi.useRealTimers();
    }
  });

  it("breaks off when the client goes, and the agent sees no end", async () => {
    let end = false;
    const { bulk } = bulkTo(({ far }) => far.write(greeting) && far.resume().once("end", () => (end = true)));
    const client = new AbortController();
    const endless = new Readable({ read: () => {} });
    endless.push(Buffer.alloc(1000));
    const upload = expect(bulk.upload(target, endless, unanswered, client.signal)).rejects.toThrow("gone");
    await new Promise((resolve) => setImmediate(resolve));
    client.abort(new Error("gone"));
    endless.destroy();
    await upload;
    expect(end).toBe(false);
  });
});

describe("without a stream", () => {
  afterEach(() => void vi.useRealTimers());

  it.each<[what: string, agent: (far: Duplex) => void]>([
    ["ends at once", (far) => far.end()],
    ["breaks at once", (far) => far.destroy()],
    ["greets otherwise", (far) => far.write("SSH-2.0-nonsense\r\n")],
    ["greets in half and ends", (far) => far.end("sandk")],
  ])("nothing has moved when the agent's %s", async (_, agent) => {
    const { bulk, started } = bulkTo(({ far }) => agent(far));
    const body = Readable.from(["text"]);
    await expect(bulk.download(target, onStream(), forever)).rejects.toBeInstanceOf(NoStreamError);
    await expect(bulk.upload(target, body, () => new Promise(() => {}), forever)).rejects.toBeInstanceOf(NoStreamError);
    expect((await buffer(body)).toString()).toBe("text");
    expect(started.every(({ near }) => near.destroyed)).toBe(true);
  });

  it("nothing has moved when all are taken", async () => {
    const { bulk } = bulkTo(({ far }) => far.write(greeting));
    const held = await Promise.all([1, 2, 3, 4].map(() => bulk.download(target, onStream(), forever)));
    await expect(bulk.download(target, onStream(), forever)).rejects.toBeInstanceOf(NoStreamError);
    const elsewhere = await bulk.download({ ...target, pod: "b" }, onStream(), forever);
    for (const { body } of [...held, elsewhere]) body.destroy();
    await eventually(async () => (await bulk.download(target, onStream(), forever)).body.destroy());
  });
});
