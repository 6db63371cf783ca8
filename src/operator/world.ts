import { LABELS } from "../api/constants.ts";
import { READINESS_PROBE, type ReadinessProbe } from "../api/readiness-probe.ts";
import { SANDBOX_APP, type SandboxApp } from "../api/sandbox-app.ts";
import { SANDBOX_CLASS, type SandboxClass } from "../api/sandbox-class.ts";
import { SANDBOX, type Sandbox } from "../api/sandbox.ts";
import { SANDBOX_SNAPSHOT, type SandboxSnapshot } from "../api/snapshot.ts";
import type { Kube } from "../kube/client.ts";
import { NETWORK_POLICY, type NetworkPolicy, NODE, type Node, POD, type Pod } from "../kube/objects.ts";
import type { Log } from "../log.ts";
import { Reflector } from "../runtime/reflector.ts";
import { RUNTIME_CLASS, type RuntimeClass } from "./facts.ts";
import { managedSelector } from "./names.ts";

/** What the operator watches. */
export interface World {
  sandboxes: Reflector<Sandbox, SandboxIndex>;
  pods: Reflector<Pod>;
  policies: Reflector<NetworkPolicy, "namespace">;
  classes: Reflector<SandboxClass>;
  probes: Reflector<ReadinessProbe>;
  apps: Reflector<SandboxApp>;
  snapshots: Reflector<SandboxSnapshot>;
  nodes: Reflector<Node>;
  runtimeClasses: Reflector<RuntimeClass>;
}

/** `app`, `name`, `probe`: by what the sandbox names, with its namespace in front; see `within`. */
export type SandboxIndex = "namespace" | "app" | "name" | "probe";

/** The reflectors, not yet running; of one namespace, or of all. */
export function worldOf(kube: Kube, log: Log, namespace?: string): World {
  const where = { log, ...(namespace === undefined ? {} : { namespace }) };
  return {
    sandboxes: new Reflector<Sandbox, SandboxIndex>(kube, SANDBOX, { ...where, indexes: sandboxIndexes }),
    pods: new Reflector(kube, POD, { ...where, labelSelector: managedSelector }),
    policies: new Reflector<NetworkPolicy, "namespace">(kube, NETWORK_POLICY, {
      ...where,
      labelSelector: managedSelector,
      indexes: { namespace: ({ metadata }) => [metadata.namespace ?? ""] },
    }),
    classes: new Reflector(kube, SANDBOX_CLASS, { log }),
    probes: new Reflector(kube, READINESS_PROBE, where),
    apps: new Reflector(kube, SANDBOX_APP, where),
    snapshots: new Reflector(kube, SANDBOX_SNAPSHOT, where),
    nodes: new Reflector(kube, NODE, { log }),
    runtimeClasses: new Reflector(kube, RUNTIME_CLASS, { log }),
  };
}

const sandboxIndexes = {
  namespace: ({ metadata }: Sandbox): string[] => [metadata.namespace ?? ""],
  app: (sandbox: Sandbox): string[] => [within(sandbox, sandbox.spec.app)],
  name: (sandbox: Sandbox): string[] => (sandbox.spec.name === undefined ? [] : [nameKeyOf(sandbox)]),
  probe: (sandbox: Sandbox): string[] => {
    const { readinessProbeName } = sandbox.spec;
    return readinessProbeName === undefined ? [] : [within(sandbox, readinessProbeName)];
  },
};

/** `namespace/name` of something that the sandbox names in its namespace. */
export function within({ metadata }: Sandbox, name: string): string {
  return `${metadata.namespace ?? ""}/${name}`;
}

/** What `spec.name` is unique within: namespace, app and name. */
export function nameKeyOf(sandbox: Sandbox): string {
  return within(sandbox, `${sandbox.spec.app}/${sandbox.spec.name ?? ""}`);
}

/** The name of the sandbox that a Pod was made for; garbage collection may have taken its owner reference away. */
export function sandboxNameOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[LABELS.sandbox];
}
