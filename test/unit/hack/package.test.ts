import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makePackage } from "../../../hack/lib/npm-package.ts";

const run = promisify(execFile);
const tsc = join(import.meta.dirname, "../../../node_modules/.bin/tsc");

let folder: string;
let project: string;

/** The package as npm installs it, in an empty project. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sandkeep-package-"));
  project = join(folder, "project");
  await makePackage(join(folder, "package"));
  const packed = await run("npm", ["pack", "--pack-destination", folder, "--json"], { cwd: join(folder, "package") });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  await mkdir(project);
  await run("npm", ["init", "--yes", "--init-type=module"], { cwd: project });
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", join(folder, filename)], { cwd: project });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("it brings no other package along", async () => {
  const installed = (await readdir(join(project, "node_modules"))).filter((name) => !name.startsWith("."));
  expect(installed).toEqual(["sandkeep"]);
});

test("a program is checked against its types and runs, also without Node's types", async () => {
  await writeFile(
    join(project, "program.ts"),
    `import { InvalidError, Probe, SandkeepClient, type Sandbox } from "sandkeep";
    const client = new SandkeepClient({ url: "http://127.0.0.1:9", token: "t", retryMs: 1 });
    export async function run(sandbox: Sandbox): Promise<number> {
      await using process = await sandbox.exec(["true"], { mode: "binary", timeoutMs: 1000 });
      const octets: Uint8Array = await process.stdout.readBytes();
      for await (const line of (await sandbox.exec(["ls"])).stdout) line.trim();
      return octets.length + (await process.wait());
    }
    try { Probe.withTcp(0); } catch (error) { console.log(error instanceof InvalidError); }
    await client.sandboxes.fromId("work").catch((error: Error) => console.log(error.name));
    `,
  );
  await expect(checkedByTsc("program.ts")).resolves.toBe("");
  const { stdout } = await run(process.execPath, ["program.ts"], { cwd: project });
  expect(stdout).toBe("true\nUnavailableError\n");
});

test("its mock is checked, runs, and throws errors of the SDK's own classes", async () => {
  await writeFile(
    join(project, "mocked.ts"),
    `import { NotFoundError, type Sandbox } from "sandkeep";
    import { SandkeepMock } from "sandkeep/testing";
    const { client } = new SandkeepMock({ programs: { answer: () => ({ stdout: "42" }) } });
    const app = await client.apps.fromName("mocked", { createIfMissing: true });
    const sandbox: Sandbox = await client.sandboxes.create(app);
    console.log(await (await sandbox.exec(["answer"])).stdout.readText());
    await sandbox.exec(["question"]).catch((error: unknown) => console.log(error instanceof NotFoundError));
    `,
  );
  await expect(checkedByTsc("mocked.ts")).resolves.toBe("");
  const { stdout } = await run(process.execPath, ["mocked.ts"], { cwd: project });
  expect(stdout).toBe("42\ntrue\n");
});

/** What the compiler complains of. */
async function checkedByTsc(file: string): Promise<string> {
  const options = ["--strict", "--noEmit", "--skipLibCheck", "false", "--types", "", "--target", "es2024"];
  const libs = ["--lib", "es2024,esnext.disposable,dom,dom.iterable,dom.asynciterable"];
  const modules = ["--module", "nodenext", "--moduleResolution", "nodenext"];
  const checked = run(tsc, [...options, ...libs, ...modules, file], { cwd: project });
  return (await checked.catch((error: { stdout: string }) => error)).stdout;
}

/** What a bundler makes for browsers of a program that is the one line. */
async function bundled(program: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: project },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  return outputFiles.map(({ text }) => text).join("");
}

test("a bundle for browsers has nothing of Node", async () => {
  const text = await bundled('import { SandkeepClient } from "sandkeep"; new SandkeepClient().close();');
  expect(text).not.toMatch(/["']node:/);
});

test("a bundle has only what is used", async () => {
  const text = await bundled('import { Probe } from "sandkeep"; console.log(Probe.withTcp(80));');
  expect(text.length).toBeLessThan(4_000);
});

test("its command line runs by both of its names", async () => {
  for (const name of ["sandkeep", "kubectl-sandbox"]) {
    const { stdout } = await run(join(project, "node_modules/.bin", name), ["--version"]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  }
});

test("it names no folder of where it was made", async () => {
  const installed = join(project, "node_modules/sandkeep");
  const files = (await readdir(installed, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const texts = await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), "utf8")));
  expect(texts.join("")).not.toContain(resolve(import.meta.dirname, "../../.."));
});
