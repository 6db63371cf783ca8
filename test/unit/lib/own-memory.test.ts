import { describe, expect, it } from "vitest";
import { free, OwnMemory, SentMemory } from "../../../src/lib/own-memory.ts";

describe("free", () => {
  it("takes the memory from octets that fill it", () => {
    const octets = Buffer.from(new ArrayBuffer(100));
    free(octets);
    expect(octets.length).toBe(0);
  });

  it("leaves memory alone in which something else lies", () => {
    const octets = Buffer.from(new ArrayBuffer(100));
    free(octets.subarray(1));
    free(octets.subarray(0, 99));
    expect(octets.length).toBe(100);
  });
});

describe("what was sent", () => {
  it("is freed when octets from another memory follow", () => {
    const [first, second] = [OwnMemory.buffer(100), OwnMemory.buffer(100)];
    const memory = new SentMemory();
    memory.sent([first.subarray(10, 20), first.subarray(20, 50)]);
    memory.sent([first.subarray(60)]);
    expect(first.length).toBe(100);
    memory.sent([second]);
    expect([first.length, second.length]).toEqual([0, 100]);
  });

  it("is left alone where it is not in memory of its own", () => {
    const chunks = [Buffer.from(new ArrayBuffer(100)), OwnMemory.buffer(100), Buffer.from("text")];
    new SentMemory().sent(chunks);
    expect(chunks.map(({ length }) => length)).toEqual([100, 0, 4]);
  });
});
