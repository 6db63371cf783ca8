import { expect, test } from "vitest";
import { quantityValue } from "../../../src/api/schema/quantity.ts";

test.each([
  ["2", 2],
  ["+2.5", 2.5],
  [".5", 0.5],
  ["500m", 0.5],
  ["1e3", 1000],
  ["1E3", 1000],
  ["1E", 1e18],
  ["1k", 1000],
  ["1Ki", 1024],
  ["1.5Gi", 1.5 * 2 ** 30],
  ["-1", Number.NaN],
  ["1 Gi", Number.NaN],
  ["", Number.NaN],
])("the quantity %j is worth %d", (text, value) => {
  expect(quantityValue(text)).toBe(value);
});
