import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The version of the package that this program is from. */
export function version(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const text = readIfThere(join(folder, "package.json"));
    if (text !== undefined) return (JSON.parse(text) as { version: string }).version;
    if (folder === dirname(folder)) return "unknown";
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
