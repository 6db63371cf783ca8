import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { WholeFrames } from "../../../src/kube/whole-frames.ts";
import { OwnMemory } from "../../../src/lib/own-memory.ts";

const accepted = Buffer.from("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");

/** A binary frame as a server sends it. */
function frame(payload: Buffer): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header.set([0x82, length < 126 ? length : length < 65_536 ? 126 : 127]);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

/** What comes of octets that are read in pieces of this size, always into the same memory. */
function readIn(size: number, octets: Buffer): Buffer[] {
  const frames = new WholeFrames();
  const memory = Buffer.alloc(size);
  const out: Buffer[] = [];
  for (let at = 0; at < octets.length; at += size) {
    const read = octets.copy(memory, 0, at);
    out.push(...frames.take(memory.subarray(0, read)));
    memory.fill(0xff);
  }
  return out;
}

describe.each([1, 2, 3, 7, 1000, 16_384, 1 << 20])("read %d octets at a time", (size) => {
  it("each frame comes in one piece, one of 4 KiB and more in memory of its own", () => {
    const lengths = [0, 1, 2, 125, 126, 127, 4091, 4092, 65_535, 65_536, 100_000];
    const frames = lengths.map((length) => frame(randomBytes(length)));
    const pieces = readIn(size, Buffer.concat([accepted, ...frames]));
    expect(Buffer.concat(pieces).equals(Buffer.concat([accepted, ...frames]))).toBe(true);
    const whole = pieces.filter(({ length }) => frames.some((sent) => sent.length === length));
    expect(whole.length).toBeGreaterThanOrEqual(lengths.length - 1);
    const own = pieces.filter(({ buffer }) => buffer instanceof OwnMemory);
    expect(own.map(({ length }) => length)).toEqual([4096, 65_539, 65_546, 100_010]);
    expect(own.every(({ length, buffer }) => length === buffer.byteLength)).toBe(true);
  });

  it.each<[what: string, octets: Buffer]>([
    ["a refusal of the handshake", Buffer.concat([Buffer.from("HTTP/1.1 403 Forbidden\r\n\r\n"), randomBytes(50_000)])],
    ["no HTTP at all", Buffer.alloc(200_000, "SSH-2.0 ")],
    ["a frame without an end", Buffer.concat([accepted, Buffer.of(0x82, 127), Buffer.alloc(100_000, 0xff)])],
    ["a frame of more than 1 MiB", Buffer.concat([accepted, frame(randomBytes((1 << 20) + 1)), frame(Buffer.of(1))])],
  ])("%s is handed on as it comes", (_, octets) => {
    const pieces = readIn(size, octets);
    expect(Buffer.concat(pieces).equals(octets)).toBe(true);
    expect(pieces.filter(({ length }) => length > Math.max(size, 14))).toEqual([]);
  });
});
