import { describe, expect, test } from "vitest";
import { detachKeys, keysOf } from "../../../src/cli/terminal/detach-keys.ts";
import { InputQueue } from "../../../src/cli/terminal/input-queue.ts";

test.each([
  ["ctrl-p,ctrl-q", [16, 17]],
  ["ctrl-@,a,ctrl-],~", [0, 97, 29, 126]],
  ["", []],
])("the keys %s are %j", (text, octets) => {
  expect([...keysOf(text)]).toEqual(octets);
});

test.each(["ctrl-1", "ab", "ctrl-p,"])("%s is no key", (text) => {
  expect(() => keysOf(text)).toThrow(/is no key/);
});

describe("detach keys", () => {
  test.each([
    ["in one piece", ["ls\x10\x11rest"], "ls", true],
    ["in two pieces", ["a\x10", "\x11"], "a", true],
    ["begun twice", ["\x10\x10\x11"], "\x10", true],
    ["begun and not finished", ["\x10", "x"], "\x10x", false],
    ["the wrong way round", ["\x11\x10x"], "\x11\x10x", false],
    ["not typed", ["hello"], "hello", false],
  ])("%s", (_, pieces, through, detached) => {
    const keys = detachKeys(keysOf("ctrl-p,ctrl-q"));
    const taken = pieces.map((piece) => keys.take(Buffer.from(piece)));
    expect(Buffer.concat(taken.map((each) => each.through)).toString()).toBe(through);
    expect(taken.some((each) => each.detached)).toBe(detached);
  });

  test("that are none are never typed", () => {
    expect(detachKeys(keysOf("")).take(Buffer.from("a\x10\x11"))).toMatchObject({ detached: false });
  });
});

test("input goes in order, and what waits goes together", async () => {
  const sent: string[] = [];
  const first = Promise.withResolvers<void>();
  const queue = new InputQueue(async (octets) => {
    sent.push(Buffer.from(octets).toString());
    if (sent.length === 1) await first.promise;
  });
  const done = ["a", "b", "c"].map((text) => queue.add(Buffer.from(text)));
  first.resolve();
  await Promise.all(done);
  expect(sent).toEqual(["a", "bc"]);
});
