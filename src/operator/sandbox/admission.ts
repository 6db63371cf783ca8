import { classNameOf } from "../../api/class/name.ts";
import { imageOf } from "../../api/class/images.ts";
import { objectionTo } from "../../api/class/objection.ts";
import type { FinishReason } from "../../api/phases.ts";
import type { Pod } from "../../kube/objects.ts";
import { enforcementObjection } from "../network/enforcement.ts";
import {
  describeFailure,
  type FoundImage,
  type ImageLookup,
  needsEntrypoint,
  type WantedImage,
  wantedImage,
} from "./entrypoint.ts";
import { noIngressObjection } from "../tunnels/ingress/objection.ts";
import { tcpProblem } from "../tunnels/ports.ts";
import { audienceObjection } from "./identity-token.ts";
import { type Moments, momentsOf } from "./lifetime.ts";
import type { Observed } from "./observed.ts";
import { podFor } from "./pod.ts";
import { podInputsFor } from "./pod-inputs.ts";
import { patchedPod } from "./pod-patch.ts";
import { egressObjection } from "../network/egress.ts";
import { describeUnsupported, unsupportedField } from "./unsupported.ts";

/** Whether the sandbox may have a Pod, and which. */
export type Admission =
  | { kind: "accepted"; pod: Pod }
  /**
   * Something may still arrive or be freed; `reason` and `message` stand in a condition meanwhile. `wanted`: the image of
   * which something has to be known.
   */
  | { kind: "waiting"; reason: string; message: string; wanted?: WantedImage }
  /** Nothing can make it run: it ends with `ending`, and `reason` says what kind of failure that is. */
  | { kind: "refused"; ending: FinishReason; reason: string; message: string };

/** Decides before there is a Pod; what the sandbox names has the class's `scheduleSeconds` to appear. */
export function admissionOf(observed: Observed, moments: Moments): Admission {
  const { sandbox, sandboxClass, probe, refusal } = observed;
  const { spec } = sandbox;
  if (observed.nameHolder !== undefined) {
    return {
      kind: "refused",
      ending: "NameTaken",
      reason: "NameTaken",
      message: `Name "${spec.name}" is taken by the running sandbox ${observed.nameHolder} of app "${spec.app}".`,
    };
  }
  if (sandboxClass === undefined) return missing("ClassNotFound", `SandboxClass "${classNameOf(observed)}"`, moments);

  const field = unsupportedField(spec);
  if (field !== undefined) return rejected("NotSupported", describeUnsupported(field));

  const objection = objectionTo(spec, sandboxClass);
  if (objection !== undefined) return rejected(objection.reason, objection.message);
  if (sandboxClass.spec.tunnels?.mode === "Ingress") {
    const noIngress = noIngressObjection(spec, observed.settings.tunnels);
    if (noIngress !== undefined) return rejected("NoIngress", noIngress);
  } else {
    const noPorts = tcpProblem(spec, sandboxClass.spec, observed.settings.tunnels);
    if (noPorts !== undefined) return rejected("NoTunnelPorts", noPorts);
  }
  const audience = audienceObjection(spec, observed.facts.apiServerAudiences);
  if (audience !== undefined) return rejected("AudienceNotAllowed", audience);
  const unreachable = egressObjection(spec, observed.facts.egress);
  if (unreachable !== undefined) return rejected("NoEgress", unreachable);
  if (sandboxClass.spec.network?.waitForEnforcement === true && observed.facts.apiServers.length === 0) {
    return missing("ApiServerNotFound", 'The EndpointSlice of Service "kubernetes" of namespace "default"', moments);
  }
  const undeniable = enforcementObjection(observed.facts, sandboxClass);
  if (undeniable !== undefined) return rejected("NoDeniedAddress", undeniable);
  if (
    spec.readinessProbeName !== undefined &&
    (probe === undefined || probe.metadata.deletionTimestamp !== undefined)
  ) {
    return missing("ProbeNotFound", `ReadinessProbe "${spec.readinessProbeName}"`, moments);
  }
  if (observed.earlierPod !== undefined) {
    return {
      kind: "waiting",
      reason: "PodNameInUse",
      message: `An earlier Pod ${sandbox.metadata.name} has not gone yet.`,
    };
  }
  const { lookup } = observed;
  const image = imageOf(spec, sandboxClass.spec);
  if (image !== undefined && needsEntrypoint(spec) && lookup?.kind !== "found") {
    return waitForImage(wantedImage(sandbox, sandboxClass.spec, image, observed.facts), lookup, moments);
  }
  if (refusal?.final === true) return rejected(refusal.reason, refusal.message);
  if (refusal !== undefined) return { kind: "waiting", reason: refusal.reason, message: refusal.message };
  const found = lookup?.kind === "found" ? lookup : undefined;
  const inputs = podInputsFor(observed, sandboxClass.spec, found);
  const { pod, problem } = patchedPod(podFor(sandbox, inputs), sandboxClass.spec);
  return pod === undefined
    ? rejected("PodPatch", `The podPatch of SandboxClass "${sandboxClass.metadata.name}" ${problem}.`)
    : { kind: "accepted", pod };
}

/** The decision as of now; `undefined` once it has had a Pod, or has finished. */
export function admissionAt(observed: Observed, now: Date): Admission | undefined {
  const { status = {} } = observed.sandbox;
  if (observed.pod !== undefined || status.scheduledAt !== undefined || status.phase === "Finished") return undefined;
  return admissionOf(observed, momentsOf(observed, status, now));
}

/** The image of which something has to be known before the sandbox can run; `undefined` while it waits for anything else. */
export function imageWanted(observed: Observed, now: Date): WantedImage | undefined {
  const { spec, metadata } = observed.sandbox;
  if (!needsEntrypoint(spec)) return undefined;
  if (spec.desiredState === "Terminated" || metadata.deletionTimestamp !== undefined) return undefined;
  const admission = admissionAt(observed, now);
  return admission?.kind === "waiting" ? admission.wanted : undefined;
}

/** While it is being asked for there is no news; a login may come with the sandbox, a registry as late as an image. */
function waitForImage(
  wanted: WantedImage,
  lookup: Exclude<ImageLookup, FoundImage> | undefined,
  moments: Moments,
): Admission {
  if (lookup === undefined) return { kind: "waiting", reason: "Pending", message: "", wanted };
  const message = describeFailure(wanted.reference, lookup);
  const left = (lookup.kind === "refused" ? moments.loginBy : moments.lookUpBy) ?? 0;
  if (!lookup.final && left > 0) return { kind: "waiting", reason: "EntrypointUnknown", message, wanted };
  const isForbidden = lookup.kind === "not-allowed" || (lookup.kind === "refused" && lookup.final);
  return {
    kind: "refused",
    ending: isForbidden ? "Rejected" : "ImageUnavailable",
    reason: "EntrypointUnknown",
    message,
  };
}

function rejected(reason: string, message: string): Admission {
  return { kind: "refused", ending: "Rejected", reason, message };
}

function missing(reason: string, what: string, moments: Moments): Admission {
  return (moments.scheduleBy ?? 1) > 0
    ? { kind: "waiting", reason, message: `${what} does not exist yet.` }
    : rejected(reason, `${what} did not appear in time. Create it, then the sandbox again.`);
}
