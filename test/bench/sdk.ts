import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { makePackage } from "../../hack/lib/npm-package.ts";
import { App } from "../../src/sdk/app.ts";
import { SandkeepClient } from "../../src/sdk/client.ts";
import type { Sandbox } from "../../src/sdk/sandbox/sandbox.ts";
import type { Bench } from "./bench.ts";
import { timed } from "./timed.ts";

const run = promisify(execFile);

const imports = 15;
/** As for the link: until gateway and client run compiled code. */
const warmUp = 1500;
const commands = 500;

/**
 * Milliseconds of `/bin/true` in a sandbox of Alpine through the SDK, with its output and exit code, and over the gateway alone,
 * in turn; those that a program takes to import the package; and kB of it, minified, as a bundler makes them.
 */
export async function measureSdk(
  bench: Bench,
): Promise<{ exec: number[]; link: number[]; imported: number[]; kilobytes: number }> {
  const folder = await mkdtemp(join(tmpdir(), "sandkeep-bench-"));
  try {
    await makePackage(folder);
    const entry = join(folder, "sdk/index.js");
    return { ...(await measureCommands(bench)), imported: await importsOf(entry), kilobytes: await minified(entry) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measureCommands(bench: Bench): Promise<{ exec: number[]; link: number[] }> {
  const { gateway: url, certificate: ca } = bench.installed;
  const client = new SandkeepClient({ url, ca, token: bench.token, namespace: bench.namespace });
  const image = client.images.fromRegistry("alpine:3.21");
  await using sandbox = await client.sandboxes.create(new App("bench"), image, { cpu: 0.1, memoryMiB: 64 });
  for (let i = 0; i < warmUp; i++) await viaSdk(sandbox);
  const samples = { exec: [] as number[], link: [] as number[] };
  for (let i = 0; i < commands; i++) {
    samples.exec.push(await timed(() => viaSdk(sandbox)));
    samples.link.push(await timed(() => bench.gateway.exec(sandbox.sandboxId, { command: ["/bin/true"] })));
  }
  return samples;
}

async function viaSdk(sandbox: Sandbox): Promise<void> {
  const process = await sandbox.exec(["/bin/true"]);
  const output = await process.stdout.readText();
  const code = await process.wait();
  if (code !== 0 || output !== "") throw new Error(`/bin/true ended with ${code} and wrote ${output}`);
}

/** Milliseconds of an import, each in a program of its own. */
async function importsOf(entry: string): Promise<number[]> {
  const program = `const start = performance.now(); await import(${JSON.stringify(entry)}); console.log(performance.now() - start)`;
  const samples: number[] = [];
  for (let i = 0; i < imports; i++) {
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program]);
    samples.push(Number(stdout));
  }
  return samples;
}

/** What a program that uses all of the SDK loads before it does anything. */
async function minified(entry: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    external: ["#platform"],
    write: false,
  });
  return outputFiles.reduce((sum, { contents }) => sum + contents.length, 0) / 1000;
}
