import { expect, test } from "vitest";
import { truncate } from "../../../src/lib/truncate.ts";

test.each([
  { text: "short", bytes: 5, result: "short" },
  { text: "longer", bytes: 5, result: "lo…" },
  { text: "ééé", bytes: 6, result: "ééé" },
  { text: "éééé", bytes: 6, result: "é…" },
  { text: "😀😀", bytes: 7, result: "😀…" },
  { text: "😀😀", bytes: 6, result: "…" },
])("$text in $bytes bytes is $result", ({ text, bytes, result }) => {
  expect(truncate(text, bytes)).toBe(result);
});
