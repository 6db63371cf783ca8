import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clusterCommand } from "../../support/cluster.ts";

const hack = new URL("../../../hack/", import.meta.url).pathname;
const builtCache =
  process.env["SANDKEEP_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "sandkeep");

/** A folder of the test's own; what is in `bin` goes before the machine's programs. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unmet-"));
  mkdirSync(join(folder, "bin"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a line of shell that leads to one of the real scripts, as `$hack/…`; answers with its exit code and what it said. */
async function run(line: string, env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; said: string }> {
  const child = spawn("bash", ["-ec", line], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, hack, folder, PATH: `${folder}/bin:${process.env["PATH"]}`, ...env },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, said };
}

/** A program of that name that is found before the machine's. */
function stand(name: string, script: string): void {
  const file = join(folder, "bin", name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** A cache with Node and npm, and nothing built. */
function emptyCache(): string {
  const cache = join(folder, "cache");
  mkdirSync(cache);
  symlinkSync(join(builtCache, "node"), join(cache, "node"));
  return cache;
}

describe("prerequisites that this machine lacks are named with what to do:", () => {
  const rows: [what: string, line: string, says: RegExp][] = [
    ["root", "unshare --user $hack/prerequisites", /- root, .*: run it with sudo/],
    [
      "a processor that Kubernetes runs on",
      "uname() { case $1 in -m) echo riscv64 ;; *) echo Linux ;; esac; }; export -f uname; $hack/prerequisites",
      /- an x86-64 or ARM64 processor: this is riscv64/,
    ],
    [
      "a cache folder",
      "SANDKEEP_CACHE=/dev/null/cache $hack/prerequisites",
      /- a cache folder: cannot make \/dev\/null\/cache. Set SANDKEEP_CACHE/,
    ],
    [
      "disk",
      "unshare --mount bash -ec 'mkdir $folder/cache; mount -t tmpfs -o size=1m none $folder/cache; SANDKEEP_CACHE=$folder/cache $hack/prerequisites'",
      /- 12 GB of disk for the first build: .* has 0 GB free. Free some, or set SANDKEEP_CACHE/,
    ],
    [
      "a package manager",
      // All programs of the machine but those that make it Debian.
      "ln -sf -t $folder/bin /usr/sbin/* /usr/bin/*; rm $folder/bin/apt-get $folder/bin/dpkg-query; PATH=$folder/bin $hack/prerequisites",
      /- Debian's package manager: install by hand what stands for: .*mmdebstrap/,
    ],
  ];
  test.each(rows)("%s", async (_what, line, says) => {
    const { code, said } = await run(line);
    expect(said).toMatch(says);
    expect(said.match(/^ {2}- /gm)).toHaveLength(1);
    expect(code).toBe(1);
  });

  test("several at once", async () => {
    const { code, said } = await run("SANDKEEP_CACHE=/dev/null/cache unshare --user $hack/prerequisites");
    expect(said.match(/^ {2}- (root|a cache folder)/gm)).toHaveLength(2);
    expect(code).toBe(1);
  });
});

describe("what cannot be fetched without a network is named with what to do:", () => {
  test("Debian packages", async () => {
    const line = `unshare --mount --net bash -ec '
      sed "s/^Package: busybox-static$/Package: nonesuch/" /var/lib/dpkg/status > $folder/status
      mount --bind $folder/status /var/lib/dpkg/status
      mount -t tmpfs none /var/lib/apt/lists
      mkdir $folder/cache
      SANDKEEP_CACHE=$folder/cache $hack/prerequisites'`;
    const { code, said } = await run(line);
    expect(said).toMatch(/cannot install busybox-static: see whether this machine reaches its Debian mirror/);
    expect(said).toMatch(/Failed to fetch/);
    expect(code).toBe(1);
  });

  test("Node", async () => {
    mkdirSync(join(folder, "cache"));
    const offline = { npm_config_cache: join(folder, "npm"), npm_config_fetch_retries: "0" };
    const { code, said } = await run("unshare --net $hack/prerequisites", {
      ...offline,
      SANDKEEP_CACHE: `${folder}/cache`,
    });
    expect(said).toMatch(/npm cannot install Node: see whether this machine reaches npm's registry/);
    expect(code).toBe(1);
  });

  test.each(["prerequisites", "cluster status"])("Go, when the one here is too old for hack/%s", async (command) => {
    stand("go", 'case "$*" in "env GOVERSION") echo go1.19.8 ;; *) echo "go: no proxy" >&2; exit 1 ;; esac');
    const { code, said } = await run(`$hack/${command}`, { SANDKEEP_CACHE: emptyCache() });
    expect(said).toMatch(/Installing Go 1\.\d+\.\d+: the one here, 1\.19\.8, is older than 1\.\d+/);
    expect(said).toMatch(/cannot download Go .*: see whether this machine reaches the Go module proxy/);
    expect(said).not.toMatch(/go\.mod|toolchain not available/);
    expect(code).toBe(1);
  });
});

test("a machine that has everything is left as it is, without a word", async () => {
  expect(await run("$hack/prerequisites")).toEqual({ code: 0, said: "" });
});

test("the quickstart says at which step it failed, and why", async () => {
  const { code, said } = await run("unshare --user $hack/quickstart");
  expect(said).toMatch(/- root, .*\n\nStep 1 of 7 failed: Prerequisites/s);
  expect(code).toBe(1);
});

test("an address range that the machine uses already is named by its route", async () => {
  const cluster = "test-taken";
  try {
    const line = `unshare --net bash -ec 'ip route add blackhole 10.100.0.0/16; $hack/cluster up --name ${cluster}'`;
    const { code, said } = await run(line);
    expect(said).toMatch(/no address range is free .*\n {2}blackhole 10\.100\.0\.0\/16 *\n.*remove the other routes/);
    expect(code).toBe(1);
  } finally {
    await clusterCommand("down", "--name", cluster);
  }
});
