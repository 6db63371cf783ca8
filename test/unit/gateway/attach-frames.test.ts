import { describe, expect, test } from "vitest";
import { SandkeepError } from "../../../src/api/errors.ts";
import { outputFrames, readFrame, statusFrame, type Status } from "../../../src/gateway/processes/attach-frames.ts";

describe("a message from a client", () => {
  test.each<[what: string, message: Buffer, frame: object]>([
    ["input", Buffer.of(0, 104, 105), { type: "stdin", octets: Buffer.from("hi") }],
    ["input of nothing", Buffer.of(0), { type: "stdin", octets: Buffer.alloc(0) }],
    ["input that looks like a close", Buffer.of(0, 255, 0), { type: "stdin", octets: Buffer.of(255, 0) }],
    ["the end of input", Buffer.of(255, 0), { type: "end" }],
    ["a size", Buffer.from('\x04{"rows":1,"columns":65535}'), { type: "resize", size: { rows: 1, columns: 65_535 } }],
  ])("is %s", (_, message, frame) => {
    expect(readFrame(message)).toEqual(frame);
  });

  test.each<[what: string, message: Buffer, says: RegExp]>([
    ["is empty", Buffer.alloc(0), /empty/],
    ["is output", Buffer.of(1, 65), /channel 1/],
    ["is a status", Buffer.of(3), /channel 3/],
    ["closes output", Buffer.of(255, 1), /only channel 0/],
    ["closes nothing", Buffer.of(255), /only channel 0/],
    ["closes input and says more", Buffer.of(255, 0, 0), /only channel 0/],
    ["has no size", Buffer.of(4), /"rows"/],
    ["has a size that is no JSON", Buffer.from("\x0424x80"), /"rows"/],
    ["has a size of 0", Buffer.from('\x04{"rows":0,"columns":80}'), /"rows"/],
    ["has a size beyond all screens", Buffer.from('\x04{"rows":65536,"columns":80}'), /"rows"/],
    ["has half a size", Buffer.from('\x04{"rows":24}'), /"rows"/],
    ["has a size and more", Buffer.from('\x04{"rows":24,"columns":80,"depth":1}'), /"rows"/],
    ["has a size that is null", Buffer.from("\x04null"), /"rows"/],
  ])("is refused that %s", (_, message, says) => {
    expect(() => readFrame(message)).toThrow(says);
  });
});

describe("a message to a client", () => {
  test("has channel, offset and output", () => {
    expect([...outputFrames("stderr", 258, Buffer.from("ab"))]).toEqual([Buffer.of(2, 0, 0, 0, 0, 0, 0, 1, 2, 97, 98)]);
    expect([...outputFrames("stdout", 2 ** 53 - 1, Buffer.of(0))]).toEqual([
      Buffer.of(1, 0, 31, 255, 255, 255, 255, 255, 255, 0),
    ]);
  });

  test("is one of several when the output is long, which go on after each other", () => {
    const output = Buffer.from(Array.from({ length: 150_000 }, (_, i) => i % 251));
    const frames = [...outputFrames("stdout", 10, output)];
    expect(frames.map((frame) => Number(frame.readBigUInt64BE(1)))).toEqual([10, 10 + 65_536, 10 + 131_072]);
    expect(Buffer.concat(frames.map((frame) => frame.subarray(9)))).toEqual(output);
  });

  test("is none for no output", () => {
    expect([...outputFrames("stdout", 0, Buffer.alloc(0))]).toEqual([]);
  });

  test.each<[Status, string]>([
    [{ stdin: { offset: 7, closed: false } }, '{"stdin":{"offset":7,"closed":false}}'],
    [
      { exit: { code: 143, signal: "SIGTERM", timedOut: false } },
      '{"exit":{"code":143,"signal":"SIGTERM","timedOut":false}}',
    ],
    [
      { error: new SandkeepError("unavailable", "sandbox", "gone", { cause: new Error("secret") }) },
      '{"error":{"code":"unavailable","message":"gone","resource":"sandbox"}}',
    ],
  ])("tells %j", (status, text) => {
    expect(statusFrame(status)).toEqual(Buffer.from(`\x03${text}`));
  });
});
