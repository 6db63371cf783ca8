import { expect, test } from "vitest";
import { progressLine } from "../../../src/cli/copy/progress.ts";
import { table } from "../../../src/cli/output/table.ts";
import { age, octets } from "../../../src/cli/output/units.ts";
import { visible, visibleLine } from "../../../src/cli/output/visible.ts";

test.each([
  [0, "0s"],
  [119_999, "119s"],
  [120_000, "2m"],
  [7_199_000, "119m"],
  [7_200_000, "2h"],
  [172_800_000, "2d"],
])("%d ms are %s", (milliseconds, text) => {
  expect(age(milliseconds)).toBe(text);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1024, "1.00 KiB"],
  [1_572_864, "1.50 MiB"],
  [107_374_182_400, "100 GiB"],
])("%d octets are %s", (count, text) => {
  expect(octets(count)).toBe(text);
});

test("a table has columns of even width, and none of what would steer a terminal", () => {
  expect(
    table([
      ["ID", "NAME"],
      ["sbx-1", "\x1b]0;title\x07a\nb"],
      ["x", ""],
    ]),
  ).toBe("ID      NAME\nsbx-1   a b\nx\n");
});

test("what a sandbox says has no control characters but lines and tabs", () => {
  const said = "a\x1b[2Jb\x9b31mc\td\ne\rf\x00";
  expect(visible(said)).toBe("abc\td\ne�f�");
  expect(visibleLine(said)).toBe("abc d e�f�");
});

test.each([
  [progressLine("a", 512, 1024, 256), "a  ████████████░░░░░░░░░░░░  50%  512 B / 1.00 KiB  256 B/s  2s left"],
  [progressLine("a", 0, 1024, NaN), "a  ░░░░░░░░░░░░░░░░░░░░░░░░   0%  0 B / 1.00 KiB"],
  [progressLine("a", 0, 0, 0), "a  ████████████████████████ 100%  0 B / 0 B"],
  [progressLine("tree", 2048, undefined, 1024), "tree  2.00 KiB  1.00 KiB/s"],
])("progress reads %s", (line, wanted) => {
  expect(line).toBe(wanted);
});
