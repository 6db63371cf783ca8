import { expect, test } from "vitest";
import { Turns } from "../../../src/lib/turns.ts";

const never = new AbortController().signal;

test("of one group no more go on than may, in their order; another group does not wait for them", async () => {
  const turns = new Turns(2);
  const started: string[] = [];
  const gates = ["a1", "a2", "a3", "b1"].map((name) => {
    const gate = Promise.withResolvers<void>();
    const done = turns.take(name.slice(0, 1), () => (started.push(name), gate.promise), never);
    return { ...gate, done };
  });
  expect(started).toEqual(["a1", "a2"].concat("b1"));
  gates[1]?.reject(new Error("broken"));
  await expect(gates[1]?.done).rejects.toThrow("broken");
  expect(started).toEqual(["a1", "a2", "b1", "a3"]);
  for (const { resolve } of gates) resolve();
  await Promise.all([gates[0]?.done, gates[2]?.done, gates[3]?.done]);
});

test("who gives up leaves the line at once", async () => {
  const turns = new Turns(1);
  const gate = Promise.withResolvers<void>();
  const first = turns.take("a", () => gate.promise, never);
  const stop = new AbortController();
  const second = turns.take("a", () => Promise.resolve(), stop.signal);
  expect([turns.isCrowded("a"), turns.isCrowded("b")]).toEqual([true, false]);
  stop.abort(new Error("enough"));
  expect(turns.isCrowded("a")).toBe(false);
  await expect(second).rejects.toThrow("enough");
  gate.resolve();
  await first;
  await expect(turns.take("a", () => Promise.resolve(), stop.signal)).rejects.toThrow("enough");
  expect(await turns.take("a", () => Promise.resolve("next"), never)).toBe("next");
});

test("who has given up by their turn lets the next one go on", async () => {
  const turns = new Turns(1);
  const gate = Promise.withResolvers<void>();
  const first = turns.take("a", () => gate.promise, never);
  const stop = new AbortController();
  const second = turns.take("a", () => Promise.resolve("second"), stop.signal);
  const third = turns.take("a", () => Promise.resolve("third"), never);
  stop.abort(new Error("enough"));
  gate.resolve();
  await first;
  await expect(second).rejects.toThrow("enough");
  expect(await third).toBe("third");
});
