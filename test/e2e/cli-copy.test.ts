import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CommandLine } from "../support/command-line.ts";
import { waitFor } from "../support/wait-for.ts";
import { newCliTenant, type CliTenant } from "./cli.ts";
import { killAll, rolledOut } from "./system.ts";

let shared: CliTenant;
let cli: CommandLine;
let sandbox: string;
beforeAll(async () => {
  shared = await newCliTenant();
  ({ cli, sandbox } = shared);
});
afterAll(() => shared[Symbol.asyncDispose]());

const here = (path: string) => join(cli.folder, path);
const shell = (script: string) => cli.output("exec", sandbox, "--", "sh", "-c", script);

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

const files = 10_000;

test("10,000 small files go in and come out as they were", async () => {
  await mkdir(here("many"));
  const all = createHash("sha256");
  for (let folder = 0; folder < 100; folder++) {
    await mkdir(here(`many/${folder}`));
    const names = Array.from({ length: files / 100 }, (_, i) => `many/${folder}/${i}`);
    await Promise.all(names.map((name) => writeFile(here(name), `${name}\n`.padStart(1024, "."))));
    for (const name of names) all.update(`${name}\n`.padStart(1024, "."));
  }
  await cli.output("cp", "many", `${sandbox}:/tmp/many`);
  const inOrder = `cd /tmp; for d in $(seq 0 99); do for f in $(seq 0 99); do echo many/$d/$f; done; done | xargs cat | sha256sum`;
  expect(await shell(inOrder)).toContain(all.digest("hex"));
  await cli.output("cp", `${sandbox}:/tmp/many`, "back");
  expect(await readdir(here("back"), { recursive: true })).toHaveLength(files + 100);
  expect(await readFile(here("back/42/17"), "utf8")).toBe(await readFile(here("many/42/17"), "utf8"));
  expect((await cli.shell("diff -r many back")).stdout).toBe("");
  await rm(here("back"), { recursive: true });
});

/** A file that costs no disk here; what is at its ends tells whether it is whole and in order. */
async function sparse(name: string, size: number): Promise<void> {
  await writeFile(here(name), "begin");
  await truncate(here(name), size - 3);
  await writeFile(here(name), "end", { flag: "a" });
}

test("a file of 2 GiB goes in and comes out as it was", async () => {
  await sparse("huge", 2 * 1024 ** 3);
  const hash = hashOf(here("huge"));
  await cli.output("cp", "huge", `${sandbox}:/tmp/huge`);
  const { stdout } = await cli.shell(`kubectl-sandbox cp ${sandbox}:/tmp/huge - | sha256sum`);
  expect(stdout).toContain(await hash);
  await shell("rm /tmp/huge");
});

test("a large file that is cut on its way goes on from there, in and out", async () => {
  const size = 256 << 20;
  await sparse("large", size);
  const hash = await hashOf(here("large"));
  const child = cli.start(["cp", "large", `${sandbox}:/tmp/large`]);
  const code = new Promise((resolve) => child.once("close", resolve));
  await waitFor("a part of it", async () => Number(await shell("cat /tmp/.sandkeep-*.part | wc -c")) > 0);
  await killAll("gateway");
  expect(await code).toBe(0);
  expect(await shell("ls -A /tmp")).not.toContain(".part");
  await rolledOut("gateway");
  const down = cli.start(["cp", `${sandbox}:/tmp/large`, "copy"]);
  const gone = new Promise((resolve) => down.once("close", resolve));
  const partial = await waitFor("a part of it", async () => {
    const part = (await readdir(cli.folder)).find((name) => name.endsWith(".part"));
    return part !== undefined && (await stat(here(part))).size > 0 && part;
  });
  down.kill("SIGKILL");
  await gone;
  expect((await stat(here(partial))).size).toBeLessThan(size);
  await cli.output("cp", `${sandbox}:/tmp/large`, "copy");
  expect(await hashOf(here("copy"))).toBe(hash);
  expect((await readdir(cli.folder)).filter((name) => name.endsWith(".part"))).toEqual([]);
});

/** Which file each name of a directory is, and since when it is as it is. */
const filesOf = async (directory: string) =>
  (await shell(`cd ${directory} && stat -c "%n %i %Z" *`)).trim().split("\n");

test("a tree whose gateway is killed arrives whole, and what was there is not sent again", async () => {
  await mkdir(here("tree"));
  for (let i = 0; i < 20; i++) await writeFile(here(`tree/${i}`), Buffer.alloc(4 << 20, i));
  const child = cli.start(["cp", "tree", `${sandbox}:/tmp/tree`]);
  const code = new Promise((resolve) => child.once("close", resolve));
  await waitFor("a part of it", async () => (await shell("ls /tmp/tree 2>/dev/null | wc -l")).trim() > "1");
  const before = await filesOf("/tmp/tree");
  await killAll("gateway");
  expect(await code).toBe(0);
  const after = await filesOf("/tmp/tree");
  expect(before.filter((file) => after.includes(file))).not.toEqual([]);
  expect(await shell("cd /tmp/tree && cat $(seq 0 19) | sha256sum")).toContain(
    createHash("sha256")
      .update(Buffer.concat(Array.from({ length: 20 }, (_, i) => Buffer.alloc(4 << 20, i))))
      .digest("hex"),
  );
  await rolledOut("gateway");
});

test("a tree is copied again as far as it differs", async () => {
  await mkdir(here("again/below"), { recursive: true });
  for (const name of ["one", "two", "below/three"]) await writeFile(here(`again/${name}`), name);
  await cli.output("cp", "again", `${sandbox}:/tmp/again`);
  const before = await filesOf("/tmp/again");
  await writeFile(here("again/two"), "longer than before");
  await cli.output("cp", "--resume", "again/.", `${sandbox}:/tmp/again`);
  const after = await filesOf("/tmp/again");
  expect(after.filter((file) => file.startsWith("one "))).toEqual(before.filter((file) => file.startsWith("one ")));
  expect(await cli.output("cat", `${sandbox}:/tmp/again/two`)).toBe("longer than before");
  expect(await cli.output("cat", `${sandbox}:/tmp/again/below/three`)).toBe("below/three");
});

test.each([
  ["a file to a name", "one", "/tmp/a/b/two", "/tmp/a/b/two"],
  ["a file into a directory", "one", "/tmp", "/tmp/one"],
  ["a file into a directory to be", "one", "/tmp/c/", "/tmp/c/one"],
  ["a directory into a directory", "dir", "/tmp", "/tmp/dir/one"],
  ["a directory to a name", "dir", "/tmp/renamed", "/tmp/renamed/one"],
  ["what is in a directory", "dir/.", "/tmp/c", "/tmp/c/one"],
])("%s", async (_, from, to, file) => {
  await mkdir(here("dir"), { recursive: true });
  await writeFile(here("one"), "1");
  await writeFile(here("dir/one"), "1");
  await cli.output("cp", from, `${sandbox}:${to}`);
  expect(await cli.output("cat", `${sandbox}:${file}`)).toBe("1");
});

test("comes from standard input and goes to standard output", async () => {
  expect(await cli.run(["cp", "-", `${sandbox}:/tmp/piped`], "through a pipe")).toMatchObject({ code: 0 });
  expect(await cli.output("cp", `${sandbox}:/tmp/piped`, "-")).toBe("through a pipe");
});
