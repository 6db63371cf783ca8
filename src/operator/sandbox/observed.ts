import type { ReadinessProbe } from "../../api/readiness-probe.ts";
import type { SandboxApp } from "../../api/sandbox-app.ts";
import type { SandboxClass } from "../../api/sandbox-class.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { NetworkPolicy, Pod } from "../../kube/objects.ts";
import type { ClusterFacts } from "../facts.ts";
import type { NetworkSettings } from "../network/settings.ts";
import type { RouteState } from "../tunnels/ingress/state.ts";
import type { Opening } from "../tunnels/openings.ts";
import type { TunnelSettings } from "../tunnels/settings.ts";
import type { ImageLookup } from "./entrypoint.ts";
import type { TimeLimits } from "./limits.ts";
import type { NodeState } from "./node-loss.ts";

/** Everything one decision about a sandbox rests on; nothing else is looked at. */
export interface Observed {
  sandbox: Sandbox;
  /** The Pod that belongs to exactly this sandbox. */
  pod?: Pod;
  /** A Pod of that name that belongs to an earlier sandbox, or to none. */
  earlierPod?: Pod;
  /** The node of the Pod, or of the earlier one, while that is being deleted. */
  node?: NodeState;
  /** The class that the sandbox names, or `default`; the built-in one where the cluster has no `default`. */
  sandboxClass?: SandboxClass;
  /** The `SandboxApp` object of its app, where there is one. */
  app?: SandboxApp;
  /** The `ReadinessProbe` that the sandbox names. */
  probe?: ReadinessProbe;
  /** Another running sandbox of the app that holds `spec.name`. */
  nameHolder?: string;
  /** What is known of the image whose ENTRYPOINT the sandbox needs; absent while that is asked for, or not needed. */
  lookup?: ImageLookup;
  /** Since when that is asked for. */
  askedAt?: string;
  /** Why it has no Pod after the last try. */
  refusal?: Refusal;
  /** What the agent said about readiness. */
  readiness?: ReadinessObservation;
  /** The limits that the agent said it keeps, when it was last told others. */
  limits?: TimeLimits;
  /** What is known of its tunnels. */
  opening?: Opening;
  /** That a sandbox which is older was told a port of its tunnels as well. */
  portContested?: boolean;
  /** Whether its Ingresses lead to it, in mode Ingress; once that has been told only what keeps them from being changed. */
  route?: RouteState;
  /** That it has not taken them for long. */
  limitsMute?: boolean;
  /** The operator's policies in the namespace. */
  policies: NetworkPolicy[];
  facts: ClusterFacts;
  settings: SandboxSettings;
}

/** Why the Pod, or the Lease of its name before it, could not be made; `final` when another try cannot help. */
export interface Refusal {
  final: boolean;
  /** Milliseconds until another try. */
  retryAfter: number;
  reason: string;
  message: string;
}

export interface ReadinessObservation {
  state: "ready" | "failed";
  message: string;
}

export interface SandboxSettings {
  /** Image reference of the agent. */
  agentImage: string;
  network: NetworkSettings;
  tunnels: TunnelSettings;
}
