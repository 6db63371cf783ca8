import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const hack = new URL("../../../hack/", import.meta.url).pathname;

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "sources-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs one check over these files, as `hack/ok` does; answers whether it passed. */
function passes(check: string, files: Record<string, string>, prepare = "git init -q"): boolean {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const script = `. ${hack}lib/common.sh; . ${hack}lib/sources.sh; cd ${folder}; ${prepare}; if ${check}; then exit 0; fi; exit 7`;
  const { status } = spawnSync("bash", ["-c", script], { env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() } });
  expect(status === 0 || status === 7).toBe(true);
  return status === 0;
}

const goodGo = "package a\n\nfunc A() {}\n";
const goodScript = "#!/usr/bin/env bash\ntrue\n";

describe("the check of Go's format", () => {
  test.each<[what: string, files: Record<string, string>, passed: boolean, prepare?: string]>([
    ["passes formatted files", { "a.go": goodGo, "b c.go": goodGo }, true],
    ["fails on a file that is not formatted", { "a.go": goodGo, "b c.go": "package a\nfunc  A( ){}\n" }, false],
    ["fails on a file that does not parse", { "a.go": "package {\n" }, false],
    ["fails when there is nothing to check", { "a.txt": "" }, false],
    ["fails when git does not list files", { "a.go": goodGo }, false, "true"],
  ])("%s", (_what, files, passed, prepare) => {
    expect(passes("go_formatted", files, prepare)).toBe(passed);
  });
});

describe("the check of shell scripts", () => {
  test.each<[what: string, files: Record<string, string>, passed: boolean, prepare?: string]>([
    ["passes scripts, and leaves other files alone", { "hack/a": goodScript, "hack/b.go": "if then" }, true],
    ["fails on a script that does not parse", { "hack/a": goodScript, "hack/b": `${goodScript}if then\n` }, false],
    ["fails on one for the plain shell", { "hack/a": "#!/bin/sh\nif then\n" }, false],
    ["fails on one that is sourced", { "hack/lib/a.sh": "if then\n" }, false],
    ["fails on one of continuous integration", { ".ci/run": `${goodScript}if then\n` }, false],
    ["fails when there is nothing to check", { "a.txt": "" }, false],
    ["fails when git does not list files", { "hack/a": goodScript }, false, "true"],
  ])("%s", (_what, files, passed, prepare) => {
    expect(passes("shell_parses", files, prepare)).toBe(passed);
  });
});
