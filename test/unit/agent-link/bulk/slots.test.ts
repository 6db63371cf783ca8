import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Slots } from "../../../../src/agent-link/bulk/slots.ts";

const forever = new AbortController().signal;

describe("slots", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const order: string[] = [];
  const take = (slots: Slots, key: string, name = key) =>
    slots.take(key, forever).then((release) => {
      order.push(name);
      return release;
    });
  beforeEach(() => void order.splice(0));

  it("are bounded per key and together, and go to those that wait in the order in which they can have one", async () => {
    const slots = new Slots({ perKey: 2, total: 3, waitMilliseconds: 1000 });
    const [first, second] = [await take(slots, "a", "a1"), await take(slots, "a", "a2")];
    const waiting = [take(slots, "a", "a3"), take(slots, "b", "b1"), take(slots, "c", "c1")];
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(["a1", "a2", "b1"]);
    first();
    first();
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(["a1", "a2", "b1", "a3"]);
    second();
    await Promise.all(waiting);
    expect(order).toEqual(["a1", "a2", "b1", "a3", "c1"]);
  });

  it("refuse those that wait too long, and forget them", async () => {
    const slots = new Slots({ perKey: 1, total: 9, waitMilliseconds: 1000 });
    const release = await take(slots, "a");
    const late = expect(slots.take("a", forever)).rejects.toMatchObject({ code: "resource_exhausted" });
    await vi.advanceTimersByTimeAsync(1000);
    await late;
    release();
    (await take(slots, "a"))();
  });

  it("let those go that change their mind", async () => {
    const slots = new Slots({ perKey: 1, total: 9, waitMilliseconds: 1000 });
    const release = await take(slots, "a");
    const leaving = new AbortController();
    const left = expect(slots.take("a", leaving.signal)).rejects.toThrow("gone");
    leaving.abort(new Error("gone"));
    await left;
    await expect(slots.take("a", leaving.signal)).rejects.toThrow("gone");
    release();
    (await take(slots, "a"))();
  });
});
