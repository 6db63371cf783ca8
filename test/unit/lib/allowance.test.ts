import { expect, test } from "vitest";
import { Allowance } from "../../../src/lib/allowance.ts";

const allowance = () => new Allowance({ burst: 2, refillMilliseconds: 1000, most: 2 });

test("so many pass at once under each key, and one more after each interval", () => {
  const few = allowance();
  const passed = [0, 0, 0, 999, 1000, 1001, 9000, 9000, 9000].map((now) => few.take("a", now));
  expect(passed).toEqual([true, true, false, false, true, false, true, true, false]);
  expect(few.take("b", 9000)).toBe(true);
});

test("the key that was asked for longest ago is forgotten", () => {
  const few = allowance();
  for (const key of ["a", "a", "b", "c"]) few.take(key, 0);
  expect(few.take("a", 0)).toBe(true);
});
