import { describe, expect, test } from "vitest";
import { percentile, type Figures } from "../../bench/figures.ts";
import { json, passes, table } from "../../bench/report.ts";

const rows: [what: string, name: string, figures: Figures, passes: boolean][] = [
  ["within its limit", "cluster.up", { "cluster.up": 6000 }, true],
  ["over its limit", "cluster.up", { "cluster.up": 6000.1 }, false],
  ["not measured", "cluster.up", {}, false],
  ["only compared with", "exec.raw.p50", { "exec.raw.p50": 1e6 }, true],
  ["fast, and 15 times faster than raw", "exec.link.p50", { "exec.link.p50": 2.4, "exec.raw.p50": 36 }, true],
  ["fast, but not 15 times faster than raw", "exec.link.p50", { "exec.link.p50": 2.4, "exec.raw.p50": 35.9 }, false],
  ["slow, though 15 times faster than raw", "exec.link.p50", { "exec.link.p50": 2.6, "exec.raw.p50": 90 }, false],
  ["a rate that is high enough", "exec.rate.one", { "exec.rate.one": 1000 }, true],
  ["a rate that is too low", "exec.rate.one", { "exec.rate.one": 999 }, false],
  ["a large enough share of a copy's", "file.up.rate", { "file.up.rate": 70, "raw.up.rate": 100 }, true],
  ["too small a share of a copy's", "file.down.rate", { "file.down.rate": 69, "raw.down.rate": 100 }, false],
  ["within its share of a Pod's", "create.sandbox.p50", { "create.sandbox.p50": 109, "create.pod.p50": 100 }, true],
  ["over its share of a Pod's", "create.sandbox.p50", { "create.sandbox.p50": 111, "create.pod.p50": 100 }, false],
];

describe("a figure", () => {
  test.each(rows)("%s", (_what, name, figures, expected) => {
    expect(passes(name, figures)).toBe(expected);
  });

  test("is told with its unit, its limit and whether it is within", () => {
    const told = table(["cluster.up", "exec.raw.p50", "exec.rate.one"], { "cluster.up": 7000, "exec.raw.p50": 50 });
    expect(told.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["figure", "value", "limit"],
      ["cluster.up", "7000.00 ms", "< 6000 ms", "FAIL"],
      ["exec.raw.p50", "50.00 ms", "for comparison"],
      ["exec.rate.one", "not measured", "≥ 1000 /s", "FAIL"],
    ]);
    expect(JSON.parse(json(["exec.rate.one"], { "exec.rate.one": 1234.5678 }))).toEqual({
      "exec.rate.one": { value: 1234.568, unit: "/s" },
    });
  });

  test("at a percentile is one of the samples", () => {
    expect(percentile([3, 1, 2], 50)).toBe(2);
    expect(percentile([1, 2, 3, 4], 99)).toBe(4);
    expect(() => percentile([], 50)).toThrow("no samples");
  });
});
