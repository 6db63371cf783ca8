import { describe, expect, test } from "vitest";
import { PortFrames } from "../../../src/gateway/ports/frames.ts";

function frame(text: string): Buffer {
  const octets = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(octets.length);
  return Buffer.concat([length, octets]);
}

const end = frame("");

/** What is read from these chunks; `.` stands for the end. */
function read(chunks: Buffer[]): { text: string; ended: boolean } {
  const frames = new PortFrames();
  let text = "";
  for (const chunk of chunks)
    for (const octets of frames.read(chunk)) text += octets.length === 0 ? "." : octets.toString();
  return { text, ended: frames.ended };
}

describe("what an agent sends from a port", () => {
  const whole = Buffer.concat([frame("hello"), frame(" "), frame("world"), end]);

  test.each(Array.from({ length: whole.length + 1 }, (_, cut) => [cut]))(
    "is read if it is cut after %i octets",
    (cut) => {
      expect(read([whole.subarray(0, cut), whole.subarray(cut)])).toEqual({ text: "hello world.", ended: true });
    },
  );

  test("is read octet by octet", () => {
    const octets = Array.from(whole, (octet) => Buffer.of(octet));
    expect(read(octets)).toEqual({ text: "hello world.", ended: true });
  });

  test("has not ended before it says so", () => {
    expect(read([frame("hello"), end.subarray(0, 3)])).toEqual({ text: "hello", ended: false });
  });

  test.each<[what: string, chunks: Buffer[], says: RegExp]>([
    ["goes on after its end", [end, frame("more")], /after the end/],
    ["ends twice", [Buffer.concat([end, end])], /after the end/],
    ["has one octet after its end", [end, Buffer.of(0)], /after the end/],
    ["has a frame that is too long", [Buffer.of(0, 1, 0, 1)], /65537 octets/],
    ["has a frame of four gigabytes", [Buffer.of(255, 255, 255, 255)], /4294967295 octets/],
  ])("is refused if it %s", (_, chunks, says) => {
    expect(() => read(chunks)).toThrow(says);
  });
});
