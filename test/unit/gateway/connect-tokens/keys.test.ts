import { beforeEach, describe, expect, it, vi } from "vitest";
import { KeyRing, KEYS_SECRET } from "../../../../src/gateway/connect-tokens/key-ring.ts";
import { dataOf, keysIn, renewed, type SigningKey } from "../../../../src/gateway/connect-tokens/keys.ts";
import { SECRET, type Secret } from "../../../../src/kube/objects.ts";
import { MemoryKube, refused } from "../../../support/memory-kube.ts";

const day = 86_400;
const now = 1_800_000_000;
const at = (createdAt: number): SigningKey => ({
  id: `key-${createdAt}-00000000`,
  createdAt,
  secret: Buffer.alloc(32, createdAt % 251),
});

const table: [string, number[], number[] | undefined][] = [
  ["makes the first", [], [now]],
  ["lets one sign for a month", [now - 29 * day], undefined],
  ["lets another sign after that, and keeps the tokens of the first", [now - 30 * day], [now - 30 * day, now]],
  ["forgets those that have not signed for a month", [now - 70 * day, now - 40 * day], [now - 40 * day, now]],
];

describe("keys of connect tokens", () => {
  it.each(table)("%s", (_, ages, want) => {
    expect(renewed(ages.map(at), now)?.map(({ createdAt }) => createdAt)).toEqual(want);
  });

  it("come back from the data of a Secret as they were, oldest first", () => {
    const keys = [at(now - day), at(now)];
    expect(keysIn({ ...dataOf(keys.toReversed()), note: "bm8=", "key-1-0000000g": "bm8=" })).toEqual(keys);
    expect(keysIn({ "key-1-00000000": "c2hvcnQ=" })).toEqual([]);
    expect(keysIn()).toEqual([]);
  });
});

describe("the ring of keys", () => {
  const signal = new AbortController().signal;
  const place = { namespace: "system", name: KEYS_SECRET };
  let kube: MemoryKube;
  beforeEach(() => {
    kube = new MemoryKube();
  });

  it("is made by the first who needs one, and known to all", async () => {
    const [one, other] = [new KeyRing(kube, "system"), new KeyRing(kube, "system")];
    const [first, second] = await Promise.all([one.signing(signal), other.signing(signal)]);
    expect(first).toEqual(second);
    expect(await other.find(first.id)).toEqual(first);
    expect(Object.keys(kube.peek<Secret>(SECRET, place)?.data ?? {})).toEqual([first.id]);
    expect(kube.calls.filter((call) => call.startsWith("replace"))).toEqual([]);
  });

  it("is put into the Secret that the chart has made", async () => {
    kube.put<Secret>(SECRET, { metadata: { ...place, labels: { a: "b" } }, type: "Opaque" });
    const { id } = await new KeyRing(kube, "system").signing(signal);
    const stored = kube.peek<Secret>(SECRET, place);
    expect([Object.keys(stored?.data ?? {}), stored?.metadata.labels]).toEqual([[id], { a: "b" }]);
  });

  it("says what to do where there is no such Secret", async () => {
    kube.onCall = (call) => {
      if (call.startsWith("create")) throw refused(403, "Forbidden", SECRET, place);
    };
    await expect(new KeyRing(kube, "system").signing(signal)).rejects.toMatchObject({
      code: "not_supported",
      message: expect.stringContaining("helm upgrade"),
    });
  });

  it("gets another key when the last has signed for a month", async () => {
    const old = at(Math.floor(Date.now() / 1000) - 31 * day);
    kube.put<Secret>(SECRET, { metadata: place, type: "Opaque", data: dataOf([old]) });
    const [one, other] = [new KeyRing(kube, "system"), new KeyRing(kube, "system")];
    const [first, second] = await Promise.all([one.signing(signal), other.signing(signal)]);
    expect(first.id).not.toBe(old.id);
    expect(second).toEqual(first);
    expect(await one.find(old.id)).toEqual(old);
  });

  it("asks for keys that it does not know once a second, and for those that it knows once in half a minute", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const ring = new KeyRing(kube, "system");
      const key = await new KeyRing(kube, "system").signing(signal);
      kube.calls.length = 0;
      expect(await ring.find("key-1-00000000")).toBeUndefined();
      expect(await ring.find("key-2-00000000")).toBeUndefined();
      expect(await ring.find(key.id)).toEqual(key);
      expect(kube.calls).toHaveLength(1);
      await kube.delete(SECRET, place);
      vi.advanceTimersByTime(29_000);
      expect(await ring.find(key.id)).toEqual(key);
      vi.advanceTimersByTime(1_000);
      expect(await ring.find(key.id)).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });

  it("goes on with the keys that it knows while the API server is away, and cannot begin without", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const ring = new KeyRing(kube, "system");
      const { id } = await ring.signing(signal);
      kube.onCall = () => {
        throw new Error("away");
      };
      vi.advanceTimersByTime(60_000);
      expect((await ring.find(id))?.id).toBe(id);
      await expect(new KeyRing(kube, "system").find(id)).rejects.toThrow("away");
    } finally {
      vi.useRealTimers();
    }
  });
});
