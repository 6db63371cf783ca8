import { expect, test } from "vitest";
import { mostUnused, Unused } from "../../../../src/operator/network/unused.ts";

test("a policy is unused from the first time that this is asked, until it is used again", () => {
  const unused = new Unused();
  expect(unused.unusedFor("n/a", 1000)).toBe(0);
  expect(unused.unusedFor("n/a", 3000)).toBe(2000);
  unused.forget("n/a");
  expect(unused.unusedFor("n/a", 4000)).toBe(0);
});

test("of too many in one namespace those go that are unused for longest", () => {
  const unused = new Unused();
  const keys = Array.from({ length: mostUnused + 2 }, (_, i) => `n/${i}`);
  for (const [at, key] of keys.entries()) {
    expect(unused.unusedFor(key, at)).toBe(0);
    unused.unusedFor(`m/${at % 3}`, at);
  }
  expect(unused.crowdedOut("n/9")).toEqual(["n/0", "n/1"]);
  expect(unused.crowdedOut("m/0")).toEqual([]);
  expect(unused.unusedFor("n/1", 100)).toBe(Infinity);
  expect(unused.unusedFor("n/2", 100)).toBe(98);
  unused.forget("n/1");
  expect(unused.crowdedOut("n/9")).toEqual(["n/0"]);
});
