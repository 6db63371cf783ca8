import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { build, type Plugin } from "esbuild";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");

/** What users import, below the package's folder. */
const entries = { ".": "sdk/index", "./testing": "sdk/testing/index" } as const;

/** Modules of which browsers get another. */
const imports = { "#platform": { browser: "./sdk/platform.browser.js", default: "./sdk/platform.js" } } as const;

const source = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Record<string, unknown>;

/** Makes the package in a folder, which is replaced: the SDK as modules, with what it takes from npm packages in them. */
export async function makePackage(folder: string): Promise<void> {
  await compile(folder);
  for (const file of await filesIn(folder))
    if (file.endsWith(".js") && usesPackages(await readFile(file, "utf8"))) await bundlePackages(file);
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest(), undefined, 2)}\n`);
  await cp(join(root, "LICENSE"), join(folder, "LICENSE"));
  await cp(join(root, "README.md"), join(folder, "README.md"));
}

/** All declarations that users see, one file behind the other. */
export async function declarations(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sandkeep-declarations-"));
  try {
    await compile(folder);
    const files = (await filesIn(folder)).filter((file) => file.endsWith(".d.ts")).sort();
    const texts = files.map(async (file) => `// ${relative(folder, file)}\n${await readFile(file, "utf8")}`);
    return (await Promise.all(texts)).join("\n");
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What tsc makes of the entries and all that they need. */
async function compile(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await run(join(root, "node_modules/.bin/tsc"), [
    "-p",
    join(root, "config/tsconfig.package.json"),
    "--outDir",
    folder,
  ]);
  const kept = await reachable(folder);
  for (const file of await filesIn(folder)) {
    if (!kept.has(file)) await rm(file);
    else if (file.endsWith(".d.ts")) await writeFile(file, withJsExtensions(await readFile(file, "utf8")));
  }
}

function manifest(): object {
  const { name, version: number, description, license, type, engines } = source;
  const exports = Object.fromEntries(
    Object.entries(entries).map(([key, entry]) => [key, { types: `./${entry}.d.ts`, default: `./${entry}.js` }]),
  );
  return {
    name,
    version: number,
    description,
    license,
    type,
    engines,
    sideEffects: false,
    exports,
    imports,
  };
}

/** The files that the entries need, directly or not. */
async function reachable(folder: string): Promise<Set<string>> {
  const kept = new Set<string>();
  const add = async (file: string): Promise<void> => {
    if (kept.has(file)) return;
    kept.add(file);
    for (const [, path = ""] of (await readFile(file, "utf8")).matchAll(/(?:from|import\(|import) ?"(\.[^"]*)"/g)) {
      const target = resolve(dirname(file), path);
      await add(file.endsWith(".d.ts") ? target.replace(/\.[jt]s$/, ".d.ts") : target);
    }
  };
  const roots = Object.values(entries).flatMap((entry) => [`${entry}.js`, `${entry}.d.ts`]);
  for (const entry of [...roots, ...Object.values(imports["#platform"])]) await add(resolve(folder, entry));
  return kept;
}

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function withJsExtensions(declarations: string): string {
  return declarations.replaceAll(/((?:from|import\() ?"\.[^"]*)\.ts"/g, '$1.js"');
}

function usesPackages(module: string): boolean {
  return /from "(?!\.|#|node:)[^"]+"/.test(module);
}

/** CommonJS packages ask for Node's modules by `require`. */
const requireForPackages =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

/** Puts the npm packages that a module imports into it, and leaves the modules beside it alone. */
async function bundlePackages(file: string): Promise<void> {
  const onlyPackages: Plugin = {
    name: "only-packages",
    setup: (bundler) =>
      bundler.onResolve({ filter: /^\./ }, ({ path, importer }) =>
        importer === file ? { path, external: true } : undefined,
      ),
  };
  await build({
    entryPoints: [file],
    outfile: file,
    allowOverwrite: true,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node24",
    nodePaths: [join(root, "node_modules")],
    plugins: [onlyPackages],
    banner: { js: requireForPackages },
  });
}
