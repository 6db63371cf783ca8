import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { stringify } from "yaml";
import { crdFor } from "../src/api/crd.ts";
import { customKinds } from "../src/api/kinds.ts";
import { openApiFor } from "../src/api/openapi.ts";
import { routes } from "../src/api/routes.ts";
import { declarations } from "./lib/npm-package.ts";

const root = dirname(import.meta.dirname);
/** Nothing is in them that is not generated. */
const folders = ["crds", "charts/sandkeep/definitions"];
const header = "# Generated from src/api by hack/generate. Do not edit.\n";

const check = process.argv.includes("--check");
const outdated = [];
const generated = await generatedFiles();
for (const [path, text] of generated) {
  if ((await currentText(path)) === text) {
    continue;
  }
  if (check) {
    outdated.push(path);
    showDifference(path, text);
  } else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    console.log(`wrote ${relative(root, path)}`);
  }
}
for (const path of await leftOver(generated.map(([path]) => path))) {
  if (check) {
    outdated.push(path);
    console.error(`${relative(root, path)} is generated no more`);
  } else {
    await rm(path);
    console.log(`removed ${relative(root, path)}`);
  }
}
if (outdated.length > 0) {
  console.error("Generated files are out of date. Run hack/generate.");
  process.exitCode = 1;
}

/** Path and text of every generated file. Helm reads only what lies in the chart, so it has its own copy. */
async function generatedFiles(): Promise<[path: string, text: string][]> {
  const definitions = customKinds.flatMap((kind) => {
    const text = header + stringify(crdFor(kind), { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
    return folders.map((folder): [string, string] => [join(root, folder, `${kind.plural}.yaml`), text]);
  });
  return [
    ...definitions,
    [join(root, "docs/openapi.json"), `${JSON.stringify(openApiFor(routes), null, 2)}\n`],
    [join(root, "docs/sdk.d.ts.txt"), await declarations()],
  ];
}

/** Files of kinds that are gone. */
async function leftOver(paths: string[]): Promise<string[]> {
  const there = await Promise.all(
    folders.map(async (folder) => (await readdir(join(root, folder))).map((name) => join(root, folder, name))),
  );
  return there.flat().filter((path) => !paths.includes(path));
}

async function currentText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}

function showDifference(path: string, text: string): void {
  spawnSync("diff", ["--unified", "--new-file", path, "-"], { input: text, stdio: ["pipe", "inherit", "inherit"] });
}
