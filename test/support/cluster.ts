import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const command = join(import.meta.dirname, "../../hack/cluster");

export interface Cluster {
  /** Path of a kubeconfig with every right. */
  kubeconfig: string;
  name: string;
}

/**
 * A running local cluster of so many nodes, shared by all tests that want as many; none runs only the API server and its
 * controllers. `SANDKEEP_TEST_KUBECONFIG` names one that is there already.
 */
export async function useCluster({ nodes }: { nodes: 0 | 1 | 2 }): Promise<Cluster> {
  const name = `test-${nodes}`;
  const given = process.env.SANDKEEP_TEST_KUBECONFIG;
  if (given !== undefined) {
    return { kubeconfig: given, name };
  }
  await run(command, ["up", "--name", name, "--nodes", String(nodes)]);
  const { stdout } = await run(command, ["kubeconfig", "--name", name]);
  return { kubeconfig: stdout.trim(), name };
}
