import { expect, test } from "vitest";
import { microTime } from "../../../src/lib/micro-time.ts";

test("a MicroTime has six digits", () => {
  expect(microTime(new Date(Date.UTC(2026, 10, 21, 9, 25, 10, 7)))).toBe("2026-11-21T09:25:10.007000Z");
});
