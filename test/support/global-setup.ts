import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterCommand } from "./cluster.ts";

/** Takes down, after all tests, the clusters that `useCluster` has started. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "sandkeep-test-clusters-"));
  await mkdir(join(folder, "locks"));
  process.env["SANDKEEP_TEST_CLUSTERS"] = folder;
  return async () => {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile())) await clusterCommand("down", "--name", entry.name);
    await rm(folder, { recursive: true });
  };
}
