import { chmod } from "node:fs/promises";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "../..");

/** CommonJS packages ask for Node's modules by `require`. */
const requireForPackages =
  'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);';

/** Makes the command line program in one file, with the SDK and the packages it uses, that runs on Node and nothing else. */
export async function bundleCli(file: string): Promise<void> {
  await build({
    entryPoints: [join(root, "src/cli/main.ts")],
    outfile: file,
    bundle: true,
    minify: true,
    legalComments: "none",
    platform: "node",
    format: "esm",
    target: "node24",
    banner: { js: requireForPackages },
    // Native parts that ws does without, and what of tar-stream is there for other runtimes.
    external: ["bufferutil", "utf-8-validate", "bare-*"],
  });
  await chmod(file, 0o755);
}
