import { execFile } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { type Sandbox, SANDBOX, type SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { SANDBOX_CLASS, type SandboxClass } from "../../../src/api/sandbox-class.ts";
import { kubeClient } from "../../../src/kube/api-client.ts";
import { isNotFound } from "../../../src/kube/api-error.ts";
import type { Kube, ObjectName } from "../../../src/kube/client.ts";
import { connect, type Connection } from "../../../src/kube/connection.ts";
import { openExec } from "../../../src/kube/exec.ts";
import { podLog } from "../../../src/kube/pod-log.ts";
import { NAMESPACE, NODE, type Pod, POD } from "../../../src/kube/objects.ts";
import { operatorFor } from "../../../src/operator/operator.ts";
import { type Cluster, type ClusterOptions, useCluster } from "../../support/cluster.ts";
import { silentLog } from "../../support/silent-log.ts";
import { waitFor } from "../../support/wait-for.ts";
import { applyCrds } from "./crds.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../../..");

/** Requests small enough for many sandboxes on two cores. */
export const small: SandboxSpecInput = {
  image: "busybox:stable",
  resources: { requests: { cpu: "10m", memory: "16Mi" } },
};

/** A command that ends with this code, but not before `touch /tmp/go`. */
export function untilToldTo(exit: number): string[] {
  return ["sh", "-c", `until [ -e /tmp/go ]; do sleep 0.1; done; exit ${exit}`];
}

/** A namespace of a real cluster and an operator that looks after it alone. */
export interface OperatorWorld extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly kube: Kube;
  readonly connection: Connection;
  readonly namespace: string;
  /** Reference of the agent's image: one static program and nothing else. */
  readonly agentImage: string;
  /** Address of the first node: the API server and the resolver listen there. */
  readonly nodeAddress: string;
  /** Where the operator asks for registries, by host; a test adds its own. */
  readonly mirrors: Record<string, string>;
  /** Writes that the API server has taken from the operator since it last started, as `create pods`. */
  readonly writes: string[];
  start(): Promise<void>;
  stop(): Promise<void>;
  create(name: string, spec: SandboxSpecInput): Promise<Sandbox>;
  get(name: string): Promise<Sandbox>;
  pod(name: string): Promise<Pod | undefined>;
  /** Runs a command in a sandbox that has started; rejects unless it ends with 0. */
  execute(name: string, ...command: string[]): Promise<void>;
  /** What a sandbox's command has written. */
  log(name: string): Promise<string>;
  /** A class of the test's own; it goes with the world. */
  createClass(spec: object): Promise<string>;
  /** The sandbox once its status has this phase. */
  reaches(name: string, phase: string): Promise<Sandbox>;
}

/** Starts the cluster if need be, a fresh namespace and the operator. */
export async function operatorWorld(
  options: ClusterOptions = { nodes: 1, name: "test-operator" },
): Promise<OperatorWorld> {
  const cluster = await useCluster(options);
  const connection = connect({ kubeconfig: cluster.kubeconfig });
  const kube = kubeClient(connection);
  await applyCrds(kube);
  const namespace = `operator-${Math.random().toString(36).slice(2, 10)}`;
  await kube.create(NAMESPACE, { metadata: { name: namespace } });
  const agentImage = await agentImageOf(cluster);
  const nodeAddress = await addressOfNode(kube);
  // The cluster's registry stands for every other, as it does for its nodes.
  const mirrors: Record<string, string> = { "*": `http://${nodeAddress}:5000` };
  const classes: string[] = [];
  const writes: string[] = [];
  let stopping = new AbortController();
  let running = Promise.resolve();

  const world: OperatorWorld = {
    cluster,
    kube,
    connection,
    namespace,
    agentImage,
    nodeAddress,
    mirrors,
    writes,
    async start() {
      stopping = new AbortController();
      writes.length = 0;
      const settings = {
        agentImage,
        network: { clusterCidrs: [], dnsCidrs: [`${nodeAddress}/32`, "10.96.0.10/32"], namespace: "sandkeep-system" },
        tunnels: { domain: "tunnels.example", port: 443, ingress: true },
      };
      const counted = countingWrites(kube, writes);
      const registries = { allowed: ["*"], private: [], mirrors, clusterCidrs: [] };
      const options = { connection, kube: counted, settings, registries, workers: 8, namespace, log: silentLog };
      const operator = await operatorFor(options, stopping.signal);
      running = operator.run(stopping.signal);
      await waitFor("the operator's stores", () => operator.isReady);
    },
    async stop() {
      stopping.abort(new Error("the test stops the operator"));
      await running;
    },
    create: (name, spec) => kube.create(SANDBOX, { metadata: { name, namespace }, spec } as Sandbox),
    get: (name) => kube.get(SANDBOX, { namespace, name }),
    async pod(name) {
      try {
        return await kube.get(POD, { namespace, name });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    execute: (name, ...command) => executeIn(connection, { namespace, name }, command),
    log: async (name) => await text(await podLog(connection, { namespace, pod: name, container: "sandbox" })),
    reaches: (name, phase) =>
      waitFor(`sandbox ${name} to be ${phase}`, async () => {
        const sandbox = await world.get(name);
        return sandbox.status?.phase === phase ? sandbox : undefined;
      }),
    async createClass(spec) {
      const name = `class-${classes.length}-${namespace}`;
      classes.push(name);
      await kube.create(SANDBOX_CLASS, { metadata: { name }, spec } as SandboxClass);
      return name;
    },
    async [Symbol.asyncDispose]() {
      const sandboxes = await kube.list(SANDBOX, { namespace });
      for (const { metadata } of sandboxes.items) await kube.delete(SANDBOX, { namespace, name: metadata.name });
      await waitFor("the Pods to go", async () => (await kube.list(POD, { namespace })).items.length === 0);
      await world.stop();
      for (const name of classes) await kube.delete(SANDBOX_CLASS, { name });
      await kube.delete(NAMESPACE, { name: namespace });
      await connection[Symbol.asyncDispose]();
    },
  };
  await world.start();
  return world;
}

/** Runs a command in a sandbox that has started; rejects unless it ends with 0. */
export async function executeIn(
  connection: Connection,
  { namespace = "", name }: ObjectName,
  command: string[],
): Promise<void> {
  const stream = await openExec(connection, { namespace, pod: name, container: "sandbox", command });
  stream.resume().end();
  const { code } = await stream.status;
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${stream.stderr}`);
}

async function agentImageOf(cluster: Cluster): Promise<string> {
  const { stdout } = await run(join(root, "hack/images"), ["--name", cluster.name], { maxBuffer: 64 << 20 });
  const image = /^SANDKEEP_AGENT_IMAGE=(.+)$/m.exec(stdout)?.[1];
  if (image === undefined) throw new Error(`Cannot find the agent's image in what hack/images said: ${stdout}`);
  return image;
}

async function addressOfNode(kube: Kube): Promise<string> {
  const { items } = await kube.list(NODE);
  const address = items[0]?.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
  if (address === undefined) throw new Error("Cannot find the address of the cluster's first node");
  return address;
}

/** The client with every write noted that succeeds; Events and the Lease included. */
function countingWrites(kube: Kube, writes: string[]): Kube {
  const noted = async <T>(write: string, request: Promise<T>): Promise<T> => {
    const answer = await request;
    writes.push(write);
    return answer;
  };
  return {
    ...kube,
    create: (kind, object, options) => noted(`create ${kind.plural}`, kube.create(kind, object, options)),
    replace: (kind, object, options) => noted(`replace ${kind.plural}`, kube.replace(kind, object, options)),
    apply: (kind, object, options) =>
      noted(
        `apply ${kind.plural}${options.subresource === undefined ? "" : `/${options.subresource}`}`,
        kube.apply(kind, object, options),
      ),
    mergePatch: (kind, name, patch, options) =>
      noted(`patch ${kind.plural}`, kube.mergePatch(kind, name, patch, options)),
    delete: (kind, name, options) => noted(`delete ${kind.plural}`, kube.delete(kind, name, options)),
  };
}
