import { chmod } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";

const root = resolve(import.meta.dirname, "../..");

/** CommonJS packages ask for Node's modules by `require`. */
const requireForPackages = 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);';

/**
 * Takes Node's own modules when they are needed. An import statement would load each at the program's start, whatever the command, and
 * have it make all that it exports: for `node:http` that is `fetch` and `WebSocket`, which takes longer than all else.
 */
const builtinsOnDemand: Plugin = {
  name: "builtins-on-demand",
  setup(bundler) {
    bundler.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === "import-statement" && isBuiltin(path) ? { path, namespace: "builtin", sideEffects: false } : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

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
    plugins: [builtinsOnDemand],
    // Native parts that ws does without, and what of tar-stream is there for other runtimes.
    external: ["bufferutil", "utf-8-validate", "bare-*"],
  });
  await chmod(file, 0o755);
}
