import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { ReadAhead } from "../../../src/agent-link/read-ahead.ts";

const octets = 64 << 10;

interface Told {
  resumed: number;
  destroyed: (Error | null)[];
}

function readAhead(): { body: ReadAhead; told: Told } {
  const told: Told = { resumed: 0, destroyed: [] };
  const body = new ReadAhead({
    octets,
    resume: () => (told.resumed += 1),
    destroyed: (error) => told.destroyed.push(error),
  });
  return { body, told };
}

/** Adds pieces of a size until no more are wanted. */
function fill(body: ReadAhead, size: number): Buffer {
  const pieces: Buffer[] = [];
  for (let more = true; more;) {
    const piece = randomBytes(size);
    pieces.push(piece);
    more = body.add(piece);
  }
  return Buffer.concat(pieces);
}

describe.each([1, 7, 1023, 1024, 5000, 100_000])("pieces of %d octets", (size) => {
  it("wait up to the limit, and are read whole and in order", async () => {
    const { body } = readAhead();
    const sent = fill(body, size);
    expect(sent.length).toBeLessThan(octets + 2 * size);
    body.finish();
    expect((await buffer(body)).equals(sent)).toBe(true);
  });

  it("wait in few pieces", () => {
    const { body } = readAhead();
    fill(body, size);
    let pieces = 0;
    while (body.read() !== null) pieces += 1;
    expect(pieces).toBeLessThanOrEqual(octets / 1024 + 2);
  });

  it("are handed on as they are while somebody waits", async () => {
    const { body } = readAhead();
    const read: Buffer[] = [];
    body.on("data", (piece: Buffer) => read.push(piece));
    const sent = Array.from({ length: 5 }, () => randomBytes(size));
    for (const piece of sent) {
      await turn();
      expect(body.add(piece)).toBe(true);
    }
    await turn();
    expect(read).toEqual(sent);
  });
});

it("keeps the order of large and small pieces", async () => {
  const { body } = readAhead();
  const sent = [3, 2000, 1, 1, 4096, 1023, 1023, 1023, 1023, 1023, 1024, 5].map((size) => randomBytes(size));
  for (const piece of sent) body.add(piece);
  body.finish();
  expect((await buffer(body)).equals(Buffer.concat(sent))).toBe(true);
});

it("goes on once there is room again", async () => {
  const { body, told } = readAhead();
  fill(body, 1000);
  await turn();
  const before = told.resumed;
  body.read();
  await turn();
  expect(told.resumed).toBeGreaterThan(before);
});

it("tells how it ended", async () => {
  const whole = readAhead();
  whole.body.finish();
  expect((await buffer(whole.body)).length).toBe(0);
  await turn();
  expect(whole.told.destroyed).toEqual([null]);

  const broken = readAhead();
  broken.body.add(Buffer.of(1));
  const failure = new Error("gone");
  const read = buffer(broken.body);
  broken.body.destroy(failure);
  await expect(read).rejects.toBe(failure);
  expect(broken.told.destroyed).toEqual([failure]);
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
