import { SANDBOX, type Sandbox } from "../../src/api/sandbox.ts";
import { kubeClient } from "../../src/kube/api-client.ts";
import { connect } from "../../src/kube/connection.ts";
import type { Tenant } from "./tenant.ts";

/** Every phase that a watcher sees the sandbox in, from before `create` until it has finished, and its last state. */
export async function phasesOf(
  { installed, namespace }: Tenant,
  name: string,
  create: () => Promise<unknown>,
): Promise<{ phases: string[]; last: Sandbox }> {
  await using connection = connect({ kubeconfig: installed.kubeconfig });
  const kube = kubeClient(connection);
  const { resourceVersion } = await kube.list(SANDBOX, { namespace });
  const signal = AbortSignal.timeout(240_000);
  const fieldSelector = `metadata.name=${name}`;
  await create();
  const phases: string[] = [];
  for await (const event of kube.watch(SANDBOX, { namespace, fieldSelector, resourceVersion, signal })) {
    if (event.type === "BOOKMARK") continue;
    const phase = event.object.status?.phase ?? "Created";
    if (phases.at(-1) !== phase) phases.push(phase);
    if (phase === "Finished") return { phases, last: event.object };
  }
  throw new Error(`The watch ended when "${namespace}/${name}" had passed ${phases.join(", ")}`);
}
