import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterCommand } from "./cluster.ts";

/** Takes down, after all tests, the clusters that `useCluster` has started. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "sandkeep-test-clusters-"));
  process.env["SANDKEEP_TEST_CLUSTERS"] = folder;
  return async () => {
    for (const name of await readdir(folder)) await clusterCommand("down", "--name", name);
    await rm(folder, { recursive: true });
  };
}
