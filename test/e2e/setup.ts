import type { TestProject } from "vitest/node";
import { endCluster, installInto, type Installed } from "../support/installed.ts";
import { makeGvisorClass } from "../support/gvisor.ts";
import { quickstart } from "../support/quickstart.ts";

const cluster = "test-e2e";

declare module "vitest" {
  interface ProvidedContext {
    installed: Installed;
    /** What the quickstart said. */
    quickstart: string;
  }
}

/**
 * One cluster with two replicas of everything, for all files, made as users make it: by the quickstart.
 * `SANDKEEP_KEEP_CLUSTER` leaves it for a look inside.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide("quickstart", await quickstart(cluster));
  const installed = await installInto(cluster);
  await makeGvisorClass(installed);
  project.provide("installed", installed);
  return async () => {
    if (process.env["SANDKEEP_KEEP_CLUSTER"] === undefined) await endCluster(cluster);
  };
}
