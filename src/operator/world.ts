import { LABELS } from "../api/constants.ts";
import { READINESS_PROBE, type ReadinessProbe } from "../api/readiness-probe.ts";
import { SANDBOX_APP, type SandboxApp } from "../api/sandbox-app.ts";
import { SANDBOX_CLASS, type SandboxClass } from "../api/sandbox-class.ts";
import { SANDBOX, type Sandbox } from "../api/sandbox.ts";
import { SANDBOX_SNAPSHOT, type SandboxSnapshot } from "../api/snapshot.ts";
import { NAME_CLAIMS } from "../api/name-claim.ts";
import type { Kube } from "../kube/client.ts";
import {
  ENDPOINT_SLICE,
  type EndpointSlice,
  LEASE,
  type Lease,
  NETWORK_POLICY,
  type NetworkPolicy,
  NODE,
  type Node,
  POD,
  type Pod,
  SERVICE,
  SERVICE_CIDR,
  type Service,
  type ServiceCidr,
} from "../kube/objects.ts";
import type { Log } from "../log.ts";
import { Reflector } from "../runtime/reflector.ts";
import { RUNTIME_CLASS, type RuntimeClass } from "./facts.ts";
import { managedSelector } from "./names.ts";
import { EGRESS_SERVICE } from "./network/egress.ts";
import { policyKeysOf } from "./network/policy.ts";
import { toldPorts } from "./tunnels/told-ports.ts";

/** What the operator watches. */
export interface World {
  sandboxes: Reflector<Sandbox, SandboxIndex>;
  /** By the policies that they are under. */
  pods: Reflector<Pod, "policy">;
  policies: Reflector<NetworkPolicy, "namespace">;
  classes: Reflector<SandboxClass>;
  probes: Reflector<ReadinessProbe>;
  apps: Reflector<SandboxApp>;
  snapshots: Reflector<SandboxSnapshot>;
  /** By which sandboxes hold their names. */
  nameClaims: Reflector<Lease>;
  nodes: Reflector<Node>;
  runtimeClasses: Reflector<RuntimeClass>;
  /** Where the API servers listen. */
  apiServers: Reflector<EndpointSlice>;
  /** What Services get their addresses out of; absent where the cluster does not tell it. */
  services?: Reflector<ServiceCidr>;
  /** The Service of the egress part, where that is installed. */
  egress: Reflector<Service>;
}

/** `app`, `probe`: by what the sandbox names, with its namespace in front; see `within`. `tcpPort`: by ports that its tunnels have. */
export type SandboxIndex = "app" | "probe" | "tcpPort";

export interface WorldOptions {
  /** Where the release is installed. */
  release: string;
  /** Whether the cluster tells the ranges of Services. */
  tellsServices: boolean;
  /** Of sandboxes; absent: all. */
  namespace?: string | undefined;
}

/** The reflectors, not yet running. */
export function worldOf(kube: Kube, log: Log, { release, tellsServices, namespace }: WorldOptions): World {
  const where = { log, ...(namespace === undefined ? {} : { namespace }) };
  return {
    sandboxes: new Reflector<Sandbox, SandboxIndex>(kube, SANDBOX, { ...where, indexes: sandboxIndexes }),
    pods: new Reflector<Pod, "policy">(kube, POD, {
      ...where,
      labelSelector: managedSelector,
      indexes: { policy: policyKeysOf },
    }),
    policies: new Reflector<NetworkPolicy, "namespace">(kube, NETWORK_POLICY, {
      ...where,
      labelSelector: managedSelector,
      indexes: { namespace: ({ metadata }) => [metadata.namespace ?? ""] },
    }),
    classes: new Reflector(kube, SANDBOX_CLASS, { log }),
    probes: new Reflector(kube, READINESS_PROBE, where),
    apps: new Reflector(kube, SANDBOX_APP, where),
    snapshots: new Reflector(kube, SANDBOX_SNAPSHOT, where),
    nameClaims: new Reflector(kube, LEASE, { ...where, labelSelector: NAME_CLAIMS }),
    nodes: new Reflector(kube, NODE, { log }),
    runtimeClasses: new Reflector(kube, RUNTIME_CLASS, { log }),
    egress: new Reflector(kube, SERVICE, {
      log,
      name: "egress",
      namespace: release,
      fieldSelector: `metadata.name=${EGRESS_SERVICE}`,
    }),
    apiServers: new Reflector(kube, ENDPOINT_SLICE, { log, namespace: "default", labelSelector: behindKubernetes }),
    ...(tellsServices && { services: new Reflector<ServiceCidr>(kube, SERVICE_CIDR, { log }) }),
  };
}

const behindKubernetes = "kubernetes.io/service-name=kubernetes";

const sandboxIndexes = {
  app: (sandbox: Sandbox): string[] => [within(sandbox, sandbox.spec.app)],
  probe: (sandbox: Sandbox): string[] => {
    const { readinessProbeName } = sandbox.spec;
    return readinessProbeName === undefined ? [] : [within(sandbox, readinessProbeName)];
  },
  tcpPort: (sandbox: Sandbox): string[] => toldPorts(sandbox).map(String),
};

/** `namespace/name` of something that the sandbox names in its namespace. */
export function within({ metadata }: Sandbox, name: string): string {
  return `${metadata.namespace ?? ""}/${name}`;
}

/** The name of the sandbox that a Pod was made for; garbage collection may have taken its owner reference away. */
export function sandboxNameOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[LABELS.sandbox];
}
