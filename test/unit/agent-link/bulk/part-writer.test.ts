import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { BodyParser } from "../../../../src/agent-link/bulk/body-parser.ts";
import { PartWriter } from "../../../../src/agent-link/bulk/part-writer.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A writer of parts of 12 octets, lengths included, and what it wrote. */
function writer() {
  const parts: Buffer[] = [];
  const write = (part: Buffer, taken: () => void) => {
    parts.push(Buffer.from(part));
    taken();
  };
  return { parts, writer: new PartWriter(12, write) };
}

const bodies: [string, string[], number[]][] = [
  ["nothing", [], [16]],
  ["less than a part", ["abc"], [7, 16]],
  ["a part", ["abcdefgh"], [12, 16]],
  ["more than a part at once", ["abcdefghijklmnopqrst"], [12, 12, 8, 16]],
  ["small pieces", ["a", "bc", "d", "efg", "hij"], [12, 6, 16]],
];

it.each(bodies)("puts %s into parts that are full, but the last", (_, pieces, lengths) => {
  const { parts, writer: to } = writer();
  for (const piece of pieces) to.add(Buffer.from(piece));
  to.end();
  expect(parts.map(({ length }) => length)).toEqual(lengths);
  const parser = new BodyParser();
  expect(Buffer.concat(parser.take(Buffer.concat(parts))).toString()).toBe(pieces.join(""));
  expect(parser.over).toBe(true);
});

it("leaves parts as they are until they were taken", () => {
  const held: Buffer[] = [];
  const to = new PartWriter(12, (part) => held.push(part));
  for (const piece of ["abcdefgh", "ijklmnop", "qrstuvwx"]) to.add(Buffer.from(piece));
  expect(held.map((part) => part.subarray(4).toString())).toEqual(["abcdefgh", "ijklmnop", "qrstuvwx"]);
});

it("lets octets wait for others some milliseconds", () => {
  const { parts, writer: to } = writer();
  to.add(Buffer.from("a"));
  vi.advanceTimersByTime(9);
  to.add(Buffer.from("b"));
  expect(parts).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(parts.map((part) => part.subarray(4).toString())).toEqual(["ab"]);
});

it("writes nothing after it was stopped", () => {
  const { parts, writer: to } = writer();
  to.add(Buffer.from("a"));
  to.stop();
  vi.advanceTimersByTime(1_000);
  expect(parts).toEqual([]);
});
