/** Makes the command line program. Usage: node hack/cli.ts [FILE] */
import { join, resolve } from "node:path";
import { bundleCli } from "./lib/cli-bundle.ts";

await bundleCli(resolve(process.argv[2] ?? join(import.meta.dirname, "../dist/kubectl-sandbox")));
