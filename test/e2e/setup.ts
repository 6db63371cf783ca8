import type { TestProject } from "vitest/node";
import { endCluster, install, type Installed } from "../support/installed.ts";

const cluster = "test-e2e";

declare module "vitest" {
  interface ProvidedContext {
    installed: Installed;
  }
}

/** One cluster with two replicas of everything, for all files; `SANDKEEP_KEEP_CLUSTER` leaves it for a look inside. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide("installed", await install(cluster));
  return async () => {
    if (process.env["SANDKEEP_KEEP_CLUSTER"] === undefined) await endCluster(cluster);
  };
}
