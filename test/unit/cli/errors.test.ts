import { expect, test } from "vitest";
import { explain, Failure, Interrupted, OutputClosed } from "../../../src/cli/errors.ts";
import { SandkeepError } from "../../../src/api/errors.ts";
import { stripVTControlCharacters } from "node:util";

test.each([
  ["a program that is missing", new SandkeepError("not_found", "process", "no such program"), 127],
  ["one that is not executable", new SandkeepError("permission_denied", "process", "not executable"), 126],
  ["a sandbox that is missing", new SandkeepError("not_found", "sandbox", "Cannot find"), 125],
  ["a file that is missing", new SandkeepError("not_found", "file", "Cannot read"), 125],
  ["what the user can mend", new Failure("No"), 125],
  ["anything else", new TypeError("x"), 125],
  ["Ctrl-C", new Interrupted("SIGINT"), 130],
  ["a pipe that nobody reads", new OutputClosed(), 141],
])("%s has an exit code", (_, error, exitCode) => {
  expect(explain(error, false).exitCode).toBe(exitCode);
});

test("an error says what was wrong, each problem and what to do, and shows no stack", () => {
  const error = new SandkeepError("permission_denied", "sandbox", "user may not\x1b[2J create", {
    details: { problems: ["spec.a: too long", "spec.b: missing"] },
  });
  expect(stripVTControlCharacters(explain(error, false).text)).toBe(
    "error: user may not create\n  spec.a: too long\n  spec.b: missing\nAn administrator can give you the role sandkeep-edit. `doctor` lists what you may do.\n",
  );
  const told = explain(error, true).text;
  expect(told).toContain("at ");
  expect(told).not.toContain("\x1b[2J");
});

test("Ctrl-C and closed pipes say nothing", () => {
  expect([new Interrupted("SIGINT"), new OutputClosed()].map((error) => explain(error, true).text)).toEqual(["", ""]);
});
