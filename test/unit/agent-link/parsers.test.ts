import { duplexPair, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it, vi } from "vitest";
import { execFrameSchema } from "../../../src/api/process.ts";
import { readJson, readLines } from "../../../src/agent-link/body.ts";
import { BodyParser } from "../../../src/agent-link/bulk/body-parser.ts";
import { receiveBody } from "../../../src/agent-link/bulk/receive.ts";
import { sendBody } from "../../../src/agent-link/bulk/send.ts";
import { limits } from "../../../src/agent-link/limits.ts";
import { LinkError } from "../../../src/agent-link/link-error.ts";
import { eventually } from "../../support/eventually.ts";
import { Random, withSeeds } from "../../support/random.ts";
import { number, parts } from "./bulk/parts.ts";

const frames = [
  { process: "p" },
  { stream: "stdout", offset: 0, data: Buffer.from("out\n").toString("base64") },
  { stream: "stderr", offset: 9007199254740991, data: "w6k=" },
  { exit: { code: 137, signal: "SIGKILL", timedOut: true } },
];
const lines = Buffer.from(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(""));

async function linesOf(body: Readable): Promise<unknown[]> {
  const read: unknown[] = [];
  for await (const line of readLines(body)) read.push(line);
  return read;
}

describe("lines of JSON", () => {
  it("are the same wherever they are cut", () =>
    withSeeds(50, async (random) => {
      expect(await linesOf(Readable.from(random.pieces(lines)))).toEqual(frames);
    }));

  it("that were changed are read or refused", () =>
    withSeeds(500, async (random) => {
      const changed = random.mutated(lines);
      try {
        for (const line of await linesOf(Readable.from(random.pieces(changed)))) execFrameSchema.safeParse(line);
      } catch (error) {
        expect(error).toBeInstanceOf(LinkError);
      }
    }));

  it.each<[what: string, octets: Buffer]>([
    ["deeper than any stack", Buffer.from("[".repeat(200_000))],
    ["of numbers without end", Buffer.from(`1${"0".repeat(200_000)}\n`)],
    ["of zeros", Buffer.alloc(4 << 20)],
    ["of half a character", Buffer.from([0x22, 0xc3, 0x22, 10])],
  ])("%s hold nobody up", async (_, octets) => {
    const outcome = await linesOf(Readable.from([octets])).catch((error: unknown) => error);
    expect(Array.isArray(outcome) || outcome instanceof LinkError).toBe(true);
  });

  it.each([
    ["a line", readLinesAll, limits.lineOctets],
    ["an answer", readJson, limits.jsonOctets],
  ])("%s without end is not kept beyond its limit", async (_, read, limit) => {
    let sent = 0;
    const endless = new Readable({
      read() {
        sent += 65_536;
        this.push(Buffer.alloc(65_536, " "));
      },
    });
    await expect(read(endless)).rejects.toBeInstanceOf(LinkError);
    expect(sent).toBeLessThan(limit + (1 << 20));
    expect(endless.destroyed).toBe(true);
  });
});

const readLinesAll = (body: Readable): Promise<unknown> => linesOf(body);

describe("a large body", () => {
  const body = new Random(7).octets(5_000);
  const stream = parts(body, 700);

  it("is the same wherever its stream is cut", () =>
    withSeeds(50, (random) => {
      const parser = new BodyParser();
      const pieces = [...random.pieces(stream)].flatMap((piece) => parser.take(piece));
      expect(Buffer.concat(pieces).equals(body)).toBe(true);
      expect(parser.over).toBe(true);
    }));

  it("that was changed is never another one", () =>
    withSeeds(1000, (random) => {
      const changed = random.mutated(stream);
      const parser = new BodyParser();
      const pieces: Buffer[] = [];
      try {
        for (const piece of random.pieces(changed, 2000)) pieces.push(...parser.take(piece));
      } catch (error) {
        expect(error).toBeInstanceOf(LinkError);
        return;
      }
      if (parser.over) expect(Buffer.concat(pieces).equals(body)).toBe(true);
      expect(parser.total).toBeLessThanOrEqual(changed.length);
    }));

  it("takes no more memory than has come, whatever is announced", () => {
    const before = process.memoryUsage().arrayBuffers;
    const parsers = Array.from({ length: 1000 }, () => new BodyParser());
    for (const parser of parsers) parser.take(number(1 << 20));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
  });

  it("in parts of one octet, or of none but in the end, is read all the same", async () => {
    const [near, far] = duplexPair();
    const received = buffer(receiveBody(near));
    far.end(parts(body, 1));
    expect((await received).equals(body)).toBe(true);
  });

  it.each<[what: string, start: () => Promise<unknown>]>([
    ["sends nothing", () => buffer(receiveBody(duplexPair()[0]))],
    ["takes nothing", () => sendBody(Readable.from([Buffer.alloc(1 << 20)]), duplexPair()[0])],
  ])("is given up when the agent %s for a minute", async (_, start) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const refused = expect(start()).rejects.toThrow(`for ${limits.stallMilliseconds} ms`);
      await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(limits.stallMilliseconds);
      await refused;
    } finally {
      vi.useRealTimers();
    }
  });

  it("is not given up while its reader takes a break", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const [near, far] = duplexPair();
      const received = receiveBody(near);
      far.write(Buffer.concat([number(1 << 20), Buffer.alloc(1 << 20)]));
      await eventually(() => expect(near.isPaused()).toBe(true));
      await vi.advanceTimersByTimeAsync(10 * limits.stallMilliseconds);
      expect(received.destroyed).toBe(false);
      received.destroy();
    } finally {
      vi.useRealTimers();
    }
  });
});
