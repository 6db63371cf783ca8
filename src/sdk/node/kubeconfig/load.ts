import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { misconfigured } from "../configuration-error.ts";
import { merge, type Kubeconfig } from "./kubeconfig.ts";
import { parseKubeconfig } from "./parse.ts";

/**
 * The kubeconfig in this file, or else in those of `KUBECONFIG`, merged, or else in `~/.kube/config`. Files that are not named
 * explicitly may be missing; undefined when all are.
 */
export async function loadKubeconfig(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Kubeconfig | undefined> {
  const paths = file === undefined ? usualPaths(env) : [file];
  const configs: Kubeconfig[] = [];
  for (const path of new Set(paths.map((path) => resolve(path)))) {
    const text = await textOf(path, file !== undefined);
    if (text !== undefined) configs.push(parseKubeconfig(text, path));
  }
  return configs.length === 0 ? undefined : merge(configs);
}

function usualPaths({ KUBECONFIG = "", HOME }: Readonly<Record<string, string | undefined>>): string[] {
  const paths = KUBECONFIG.split(delimiter).filter((path) => path !== "");
  return paths.length > 0 ? paths : [join(HOME ?? homedir(), ".kube", "config")];
}

async function textOf(path: string, needed: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (!needed && cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw misconfigured(`Cannot read the kubeconfig ${path}: ${cause instanceof Error ? cause.message : ""}`, cause);
  }
}
