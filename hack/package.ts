/** Makes the npm package. Usage: node hack/package.ts [FOLDER] */
import { join, resolve } from "node:path";
import { makePackage } from "./lib/npm-package.ts";

await makePackage(resolve(process.argv[2] ?? join(import.meta.dirname, "../dist/package")));
