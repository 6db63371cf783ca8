import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { build, type BuildOptions } from "esbuild";
import { bundleCli } from "./cli-bundle.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");

/** What users import, below `src` and below the package's folder. */
const entries = { ".": "sdk/index", "./testing": "sdk/testing/index" } as const;

/** Modules of which browsers get another. */
const platform = { browser: "sdk/platform.browser", default: "sdk/platform" } as const;

const common = { bundle: true, format: "esm", target: "es2024" } as const satisfies BuildOptions;

/**
 * Makes the package in a folder, which is replaced: the SDK in few modules, with what it takes from npm packages beside it, and the
 * command line program in one file.
 */
export async function makePackage(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await declare(folder);
  const packages = await bundleSdk(folder);
  for (const name of packages) await bundlePackage(name, join(folder, packagesFolder, `${name}.js`));
  await bundleCli(join(folder, cli));
  await writeFile(join(folder, "package.json"), `${JSON.stringify(await manifest(), undefined, 2)}\n`);
  await cp(join(root, "LICENSE"), join(folder, "LICENSE"));
  await cp(join(root, "README.md"), join(folder, "README.md"));
}

/** All declarations that users see, one file behind the other. */
export async function declarations(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sandkeep-declarations-"));
  try {
    await declare(folder);
    const files = (await filesIn(folder)).sort();
    const texts = files.map(async (file) => `// ${relative(folder, file)}\n${await readFile(file, "utf8")}`);
    return (await Promise.all(texts)).join("\n");
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The declarations of the entries and of all that they name. */
async function declare(folder: string): Promise<void> {
  const options = ["-p", join(root, "config/tsconfig.package.json"), "--outDir", folder];
  await run(join(root, "node_modules/.bin/tsc"), options);
  const kept = await reachable(Object.values(entries).map((entry) => join(folder, `${entry}.d.ts`)));
  for (const file of await filesIn(folder)) {
    if (kept.has(file)) await writeFile(file, withJsExtensions(await readFile(file, "utf8")));
    else await rm(file);
  }
}

const reference = /((?:from|import\() ?"\.[^"]*)\.ts"/g;

async function reachable(roots: string[]): Promise<Set<string>> {
  const kept = new Set<string>();
  const add = async (file: string): Promise<void> => {
    if (kept.has(file)) return;
    kept.add(file);
    for (const [, start = ""] of (await readFile(file, "utf8")).matchAll(reference))
      await add(resolve(dirname(file), `${start.slice(start.indexOf('"') + 1)}.d.ts`));
  };
  for (const file of roots) await add(file);
  return kept;
}

function withJsExtensions(text: string): string {
  return text.replaceAll(reference, '$1.js"');
}

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const packagesFolder = "sdk/packages";

const cli = "cli.js";

/** Bundles the SDK; what is loaded on demand stays apart. Answers which npm packages it imports, as `#packages/…`. */
async function bundleSdk(folder: string): Promise<Set<string>> {
  const packages = new Set<string>();
  const modules = [...Object.values(entries), ...Object.values(platform)];
  await build({
    ...common,
    // That nothing of it has side effects is the package's own word.
    logOverride: { "ignored-bare-import": "silent" },
    entryPoints: Object.fromEntries(modules.map((module) => [module, join(root, "src", `${module}.ts`)])),
    outdir: folder,
    splitting: true,
    chunkNames: "sdk/chunks/[name]-[hash]",
    platform: "neutral",
    plugins: [
      {
        name: "packages",
        setup: (bundler) =>
          bundler.onResolve({ filter: /^[^.]/ }, ({ path, kind }) => {
            if (kind === "entry-point") return undefined;
            if (path.startsWith("#") || isBuiltin(path)) return { path, external: true };
            packages.add(path);
            return { path: `#packages/${path}`, external: true };
          }),
      },
    ],
  });
  return packages;
}

/** An npm package with all that it needs, as one module. */
async function bundlePackage(name: string, outfile: string): Promise<void> {
  // Named one by one: what a CommonJS package exports is known when it runs.
  const names = Object.keys((await import(name)) as object).filter((one) => /^[\w$]+$/.test(one));
  await build({
    ...common,
    stdin: { contents: `export { ${names.join(", ")} } from "${name}";`, resolveDir: root },
    outfile,
    platform: "node",
    // CommonJS packages ask for Node's modules by `require`.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
}

async function manifest(): Promise<object> {
  const source = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Record<string, unknown>;
  const { name, version, description, license, type, engines } = source;
  const exports = Object.entries(entries).map(([key, entry]) => [
    key,
    { types: `./${entry}.d.ts`, default: `./${entry}.js` },
  ]);
  const imports = {
    "#platform": { browser: `./${platform.browser}.js`, default: `./${platform.default}.js` },
    "#packages/*": `./${packagesFolder}/*.js`,
  };
  return {
    name,
    version,
    description,
    license,
    type,
    engines,
    sideEffects: false,
    exports: Object.fromEntries(exports),
    imports,
    bin: { sandkeep: cli, "kubectl-sandbox": cli },
  };
}
