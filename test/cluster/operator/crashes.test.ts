import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ResourceKind } from "../../../src/api/meta.ts";
import { SANDBOX, type Sandbox, type SandboxSpecInput, type SandboxStatus } from "../../../src/api/sandbox.ts";
import { isNotFound } from "../../../src/kube/api-error.ts";
import { LEASE, NAMESPACE, type Pod, POD, SECRET } from "../../../src/kube/objects.ts";
import { type OperatorOptions, operatorFor } from "../../../src/operator/operator.ts";
import { silentLog } from "../../support/silent-log.ts";
import { waitFor } from "../../support/wait-for.ts";
import { succession } from "./mortal.ts";
import { executeIn, operatorWorld, type OperatorWorld, small, untilToldTo } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
  await world.stop();
});
afterAll(() => world[Symbol.asyncDispose]());

/** What is left to see of a sandbox's life. */
interface Life {
  status: SandboxStatus | undefined;
  /** How many Pods it has had. */
  pods: number;
}

/** A namespace with one sandbox of a name and a probe. */
class Scene implements AsyncDisposable {
  readonly namespace: string = `crash-${randomBytes(4).toString("hex")}`;
  readonly #pods = new Set<string>();
  readonly #end = new AbortController();
  readonly #name = { namespace: this.namespace, name: "s" };

  async open(): Promise<void> {
    await world.kube.create(NAMESPACE, { metadata: { name: this.namespace } });
    const { resourceVersion } = await world.kube.list(POD, { namespace: this.namespace });
    void this.#notePods(resourceVersion).catch(() => {});
  }

  options(): OperatorOptions & { kube: OperatorWorld["kube"] } {
    const { connection, kube, agentImage, nodeAddress } = world;
    const network = { clusterCidrs: [], dnsCidrs: [`${nodeAddress}/32`], namespace: "sandkeep-system" };
    const tunnels = { domain: "tunnels.example", port: 443 };
    return {
      connection,
      kube,
      settings: { agentImage, network, tunnels },
      registries: { allowed: [], private: [], mirrors: {}, clusterCidrs: [] },
      workers: 4,
      namespace: this.namespace,
      log: silentLog,
    };
  }

  async create(spec: SandboxSpecInput): Promise<void> {
    const named = { ...small, name: "n", readinessProbe: { exec: { command: ["true"] } }, ...spec };
    await world.kube.create(SANDBOX, { metadata: this.#name, spec: named } as Sandbox);
  }

  async reaches(phase: string): Promise<Sandbox> {
    return await waitFor(`the sandbox of ${this.namespace} to be ${phase}`, async () => {
      const sandbox = await world.kube.get(SANDBOX, this.#name);
      return sandbox.status?.phase === phase && sandbox;
    });
  }

  async exits(): Promise<void> {
    await executeIn(world.connection, this.#name, ["touch", "/tmp/go"]);
  }

  async terminate(): Promise<void> {
    await world.kube.mergePatch(SANDBOX, this.#name, { spec: { desiredState: "Terminated" } });
  }

  /** Waits for the end, deletes the record, and sees everything of it go. */
  async finish(): Promise<Life> {
    const { status } = await this.reaches("Finished");
    await world.kube.delete(SANDBOX, this.#name);
    await waitFor(`everything in ${this.namespace} to go`, async () => {
      const lists = everything.map((kind) => world.kube.list(kind, { namespace: this.namespace }));
      return (await Promise.all(lists)).every(({ items }) => items.length === 0);
    });
    return { status, pods: this.#pods.size };
  }

  async #notePods(resourceVersion: string): Promise<void> {
    const events = world.kube.watch(POD, { namespace: this.namespace, resourceVersion, signal: this.#end.signal });
    for await (const event of events) if (event.type !== "BOOKMARK") this.#pods.add(uidOf(event.object));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await world.kube.delete(NAMESPACE, { name: this.namespace }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? "";
}

/** What a sandbox is made of, apart from the policies of its namespace. */
const everything = [SANDBOX, POD, LEASE, SECRET] as ResourceKind[];

const exited = { phase: "Finished", reason: "Error", exitCode: 3 };
const terminated = { phase: "Finished", reason: "Terminated", exitCode: 137 };

/** More than any of these lives has. */
const mostWrites = 14;
const writes = Array.from({ length: mostWrites }, (_, index) => index + 1);
/** Lives in which the operator had no such write. */
const survived: string[] = [];

test.concurrent.each(writes)(
  "an operator killed before write %i of a sandbox's life changes nothing about it",
  async (write) => {
    await using scene = new Scene();
    await scene.open();
    await using operators = succession(scene.options(), { write, armed: () => true });
    await scene.create({ command: untilToldTo(3) });
    await scene.reaches("Ready");
    await scene.exits();
    expect(await scene.finish()).toMatchObject({ status: exited, pods: 1 });
    if (!operators.hasDied()) survived.push("life");
  },
);

test.concurrent.each(writes.slice(0, 8))("nor does one killed before write %i of a termination", async (write) => {
  await using scene = new Scene();
  await scene.open();
  let asked = false;
  await using operators = succession(scene.options(), { write, armed: () => asked });
  await scene.create({});
  await scene.reaches("Ready");
  asked = true;
  await scene.terminate();
  expect(await scene.finish()).toMatchObject({ status: terminated, pods: 1 });
  if (!operators.hasDied()) survived.push("termination");
});

test.concurrent("two operators who both believe to lead make one Pod, and the same end", async () => {
  await using scene = new Scene();
  await scene.open();
  const end = new AbortController();
  const both = await Promise.all([1, 2].map(() => operatorFor(scene.options(), end.signal)));
  const running = both.map((operator) => operator.run(end.signal));
  await scene.create({ command: untilToldTo(3) });
  await scene.reaches("Ready");
  await scene.exits();
  expect(await scene.finish()).toMatchObject({ status: exited, pods: 1 });
  end.abort(new Error("the test is over"));
  await Promise.all(running);
});

test("the tables above reach beyond the last write of a life", () => {
  expect(survived).toContain("life");
  expect(survived).toContain("termination");
});
