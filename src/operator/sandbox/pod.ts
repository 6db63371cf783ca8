import {
  API_VERSION,
  FIELD_MANAGER,
  FINALIZERS,
  LABELS,
  MAX_TIMEOUT_SECONDS,
  SANDBOX_CONTAINER,
} from "../../api/constants.ts";
import { imageOf } from "../../api/class/images.ts";
import type { ReadinessProbeSpec } from "../../api/readiness-probe.ts";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Pod, PodSpec } from "../../kube/objects.ts";
import type { ClusterFacts } from "../facts.ts";
import { dnsFor } from "../network/egress.ts";
import { agentCommandFor, agentPartsFor } from "./agent.ts";
import { classTermAnnotations } from "./class-terms.ts";
import { firstLimitAnnotations } from "./limits.ts";
import { placementFor } from "./placement.ts";
import { commandOf, type FoundImage, pinned } from "./entrypoint.ts";
import { identityPartsFor } from "./identity-token.ts";
import { resourcesFor } from "./resources.ts";
import { containerSecurityFor, installerSecurity, podSecurityFor } from "./security.ts";
import { volumesFor } from "./volumes.ts";

/** What a Pod is made from besides its sandbox. */
export interface PodInputs {
  sandboxClass: SandboxClassSpec;
  probe: ReadinessProbeSpec | undefined;
  /** What the sandbox's image is known to be, where its ENTRYPOINT is needed. */
  found?: FoundImage | undefined;
  facts: ClusterFacts;
  agentImage: string;
  /** The label value that puts the Pod under its allow policy. */
  network: string;
  /** Those that the policy denies, where nothing may start before it is enforced; `address:port`. */
  deniedAddresses?: string[];
  /** Labels that the sandbox's app gives its sandboxes. */
  appLabels: Record<string, string>;
}

/** Service meshes would add a container that never ends and a network path around the policies. */
const noSidecars = {
  labels: {
    "sidecar.istio.io/inject": "false",
    "istio.io/dataplane-mode": "none",
    "kuma.io/sidecar-injection": "disabled",
  },
  annotations: { "linkerd.io/inject": "disabled", "consul.hashicorp.com/connect-inject": "false" },
};

/** A sandbox cannot move, so autoscalers must leave its node alone. */
const stayPut = {
  "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
  "karpenter.sh/do-not-disrupt": "true",
};

/** The one Pod of a sandbox, before its class patches it: same name, owned by it, kept by a finalizer until its end is recorded. */
export function podFor(sandbox: Sandbox, inputs: PodInputs): Pod {
  const { metadata, spec } = sandbox;
  const { sandboxClass } = inputs;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: metadata.name,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      labels: {
        ...inputs.appLabels,
        ...propagated(metadata.labels, sandboxClass),
        ...noSidecars.labels,
        [LABELS.managedBy]: FIELD_MANAGER,
        [LABELS.sandbox]: metadata.name,
        [LABELS.app]: spec.app,
        [LABELS.network]: inputs.network,
      },
      annotations: {
        ...propagated(metadata.annotations, sandboxClass),
        ...noSidecars.annotations,
        ...stayPut,
        ...firstLimitAnnotations(sandbox, sandboxClass),
        ...classTermAnnotations(sandboxClass, inputs.facts),
      },
      finalizers: [FINALIZERS.exitStatus],
      ownerReferences: [ownerReferenceTo(sandbox)],
    },
    spec: podSpecFor(sandbox, inputs),
  };
}

function podSpecFor(sandbox: Sandbox, inputs: PodInputs): PodSpec {
  const { spec } = sandbox;
  const { sandboxClass, found, facts, agentImage } = inputs;
  const agent = agentPartsFor(
    agentImage,
    usesImageVolume(sandboxClass, facts) ? "ImageVolume" : "InitContainer",
    installerSecurity,
  );
  const own = volumesFor(spec);
  const identity = identityPartsFor(spec);
  const placement = placementFor(spec, sandboxClass, facts.nodes);
  const image = imageOf(spec, sandboxClass);
  const pullSecrets = [...(spec.imagePullSecrets ?? []), ...(sandboxClass.imagePullSecrets ?? [])];
  return {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurityFor(spec),
    ...(usesUserNamespace(sandboxClass, facts) ? { hostUsers: false } : {}),
    ...defined({
      runtimeClassName: sandboxClass.runtimeClassName,
      priorityClassName: sandboxClass.priorityClassName,
      serviceAccountName: sandboxClass.serviceAccountName,
    }),
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
    activeDeadlineSeconds: longestLifeOf(sandboxClass),
    ...placement.pod,
    ...dnsFor(sandboxClass, facts.egress),
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets }),
    ...(agent.initContainers.length === 0 ? {} : { initContainers: agent.initContainers }),
    containers: [
      {
        name: SANDBOX_CONTAINER,
        command: agentCommandFor(sandbox, commandOf(spec, found), inputs),
        ...defined({
          image: image !== undefined && found !== undefined ? pinned(image, found) : image,
          workingDir: spec.workingDir,
          env: identity.env.length > 0 ? [...identity.env, ...(spec.env ?? [])] : spec.env,
          envFrom: spec.envFrom,
        }),
        resources: resourcesFor(spec, sandboxClass, placement.gpus),
        securityContext: containerSecurityFor(spec, sandboxClass),
        volumeMounts: [...agent.mounts, ...identity.mounts, ...own.mounts],
      },
    ],
    volumes: [...agent.volumes, ...identity.volumes, ...own.volumes],
  };
}

function usesImageVolume({ agentDelivery }: SandboxClassSpec, facts: ClusterFacts): boolean {
  return agentDelivery === "Always" || (agentDelivery === "Auto" && facts.imageVolumes);
}

function usesUserNamespace({ hostUsers, runtimeClassName = "" }: SandboxClassSpec, facts: ClusterFacts): boolean {
  return hostUsers === "Never" || (hostUsers === "Auto" && facts.userNamespaces.has(runtimeClassName));
}

/** The Pod's own deadline can only be lowered later, so it is the longest that the class allows. */
function longestLifeOf({ maxima = {}, limits }: SandboxClassSpec): number {
  return (maxima.timeoutSeconds ?? MAX_TIMEOUT_SECONDS) + limits.pullSeconds;
}

function propagated(from: Record<string, string> = {}, { propagate = [] }: SandboxClassSpec): Record<string, string> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => propagate.includes(key)));
}

function ownerReferenceTo({ metadata }: Sandbox): NonNullable<Pod["metadata"]["ownerReferences"]>[number] {
  return {
    apiVersion: API_VERSION,
    kind: "Sandbox",
    name: metadata.name,
    uid: metadata.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The members that have a value. */
function defined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
