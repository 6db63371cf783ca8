import { execFile } from "node:child_process";
import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { waitFor } from "./wait-for.ts";

const run = promisify(execFile);
const command = join(import.meta.dirname, "../../hack/cluster");

export interface Cluster {
  readonly name: string;
  /** Path of a kubeconfig with every right. */
  readonly kubeconfig: string;
  /** Stops a component and starts it; resolves when it serves again. */
  restart(component: string): Promise<void>;
  /** Kills a component without warning; the cluster's supervisor starts it again. */
  kill(component: string): Promise<void>;
  /** Stops a component, and keeps it down until it is started. */
  stop(component: string): Promise<void>;
  start(component: string): Promise<void>;
  /** Throws away all versions but the newest, as etcd does every five minutes: older ones are answered with 410. */
  compact(): Promise<void>;
}

export interface ClusterOptions {
  /** None: only the API server and its controllers. */
  nodes: 0 | 1 | 2;
  /** Tests that break things take a cluster of their own; default: one that all tests with as many nodes share. */
  name?: string;
}

/** A running local cluster, started by whoever needs it first and taken down when all tests are done. */
export async function useCluster({ nodes, name = `test-${nodes}` }: ClusterOptions): Promise<Cluster> {
  await oneAtATime(name, () => clusterCommand("up", "--name", name, "--nodes", String(nodes)));
  return {
    name,
    kubeconfig: await clusterCommand("kubeconfig", "--name", name),
    restart: async (component) => void (await clusterCommand("restart", component, "--name", name)),
    kill: async (component) => void (await clusterCommand("kill", component, "--name", name)),
    stop: async (component) => void (await clusterCommand("stop", component, "--name", name)),
    start: async (component) => void (await clusterCommand("start", component, "--name", name)),
    compact: async () => void (await clusterCommand("compact", "--name", name)),
  };
}

/** Runs `hack/cluster` and answers what it prints. */
export async function clusterCommand(...args: string[]): Promise<string> {
  const { stdout } = await run(command, args, { maxBuffer: 64 << 20 });
  return stdout.trim();
}

/** `PATH` with the cluster's own programs in front: kubectl, helm, crane and what it consists of. */
export async function programPath(name: string): Promise<string> {
  const { stdout } = await run("bash", ["-c", `eval "$("$0" env --name "$1")" && printf %s "$PATH"`, command, name]);
  return stdout;
}

/** Test files run in processes of their own; the folder made by the global set-up keeps them from starting one cluster twice. */
async function oneAtATime(name: string, task: () => Promise<unknown>): Promise<void> {
  const folder = process.env["SANDKEEP_TEST_CLUSTERS"];
  if (folder === undefined) throw new Error("Cannot start a test cluster: run tests with config/vitest.config.ts");
  const lock = join(folder, "locks", name);
  await waitFor(
    `the lock on cluster ${name}`,
    () =>
      mkdir(lock).then(
        () => true,
        () => false,
      ),
    { seconds: 600 },
  );
  try {
    await writeFile(join(folder, name), "");
    await task();
  } finally {
    await rmdir(lock);
  }
}
