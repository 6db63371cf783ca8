import { expect, test } from "vitest";
import { decisionTable } from "../../../src/cli/output/decisions.ts";

test("decisions are lines of a table, and names that a sandbox made up move no cursor", () => {
  const time = new Date("2026-11-22T00:00:00.000Z");
  const shown = decisionTable([
    { time, count: 2, verdict: "Denied", protocol: "DNS", host: "evil\u001B[2J.example", reason: "NotAllowed" },
    { time, count: 1, verdict: "Failed", protocol: "TLS", host: "a.example", port: 443, message: "it is away" },
  ]);
  expect(shown.split("\n").map((line) => line.split(/ {3,}/))).toEqual([
    ["TIME", "VERDICT", "BY", "HOST", "COUNT", "WHY"],
    ["2026-11-22T00:00:00.000Z", "Denied", "DNS", expect.not.stringContaining("\u001B"), "2", "NotAllowed"],
    ["2026-11-22T00:00:00.000Z", "Failed", "TLS", "a.example:443", "1", "it is away"],
    [""],
  ]);
});
