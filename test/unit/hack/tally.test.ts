import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const hack = new URL("../../../hack/", import.meta.url).pathname;

let runners: string;
beforeEach(() => void (runners = mkdtempSync(join(tmpdir(), "tally-"))));
afterEach(() => rmSync(runners, { recursive: true }));

/** Runs lines of shell as `hack/test` would, with these programs for `node` and `go`; answers with the last line. */
function tallied(lines: string, runner = "exit 0"): { sum: string | undefined; code: number | null } {
  for (const name of ["node", "go"]) {
    writeFileSync(join(runners, name), `#!/bin/sh\n${runner}\n`);
    chmodSync(join(runners, name), 0o755);
  }
  const script = `. ${hack}lib/common.sh; . ${hack}lib/tally.sh; PATH=${runners}:$PATH\n${lines}\nfinish`;
  const { SANDKEEP_TALLY: _, ...env } = process.env;
  const { stdout, status } = spawnSync("bash", ["-c", script], { encoding: "utf8", env });
  return { sum: stdout.trimEnd().split("\n").at(-1), code: status };
}

test.each([
  ["a check that passes", "check a true", "1 passed, 0 failed", 0],
  ["a check that fails", "check a true; check b false", "1 passed, 1 failed", 1],
  ["a vitest that reports nothing and ends well", "check a true; vitest_suite unit", "1 passed, 1 failed", 1],
  ["a go test that reports nothing and ends well", "check a true; go_suite src/agent", "1 passed, 1 failed", 1],
  ["a part that breaks off", "check a true; part bash -c 'kill -9 $$'", "1 passed, 1 failed", 1],
  ["a part that fails and has said why", "check a true; part eval 'check b false; false'", "1 passed, 1 failed", 1],
])("%s", (_what, lines, sum, code) => {
  expect(tallied(lines)).toEqual({ sum, code });
});

test("a runner that crashes is a failure", () => {
  expect(tallied("check a true; vitest_suite unit; go_suite src/agent", "kill -9 $$")).toEqual({
    sum: "1 passed, 2 failed",
    code: 1,
  });
});
