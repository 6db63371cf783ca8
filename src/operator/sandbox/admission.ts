import { classNameOf } from "../../api/class/name.ts";
import { imageOf } from "../../api/class/images.ts";
import { objectionTo } from "../../api/class/objection.ts";
import type { ReadinessProbeSpec } from "../../api/readiness-probe.ts";
import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { FinishReason } from "../../api/phases.ts";
import { enforcementObjection } from "../network/enforcement.ts";
import {
  describeFailure,
  type FoundImage,
  type ImageLookup,
  needsEntrypoint,
  type WantedImage,
  wantedImage,
} from "./entrypoint.ts";
import { tcpProblem } from "../tunnels/ports.ts";
import { audienceObjection } from "./identity-token.ts";
import type { Moments } from "./lifetime.ts";
import type { Observed } from "./observed.ts";
import { podFor } from "./pod.ts";
import { podInputsFor } from "./pod-inputs.ts";
import { patchedPod } from "./pod-patch.ts";
import { egressObjection } from "../network/egress.ts";
import { describeUnsupported, unsupportedField } from "./unsupported.ts";

/** Whether the sandbox may have a Pod. */
export type Admission =
  | {
      kind: "accepted";
      sandboxClass: SandboxClassSpec;
      probe: ReadinessProbeSpec | undefined;
      found: FoundImage | undefined;
    }
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
  const noPorts = tcpProblem(spec, sandboxClass.spec, observed.settings.tunnels);
  if (noPorts !== undefined) return rejected("NoTunnelPorts", noPorts);
  const audience = audienceObjection(spec, observed.facts.apiServerAudiences);
  if (audience !== undefined) return rejected("AudienceNotAllowed", audience);
  const unreachable = egressObjection(spec, observed.facts.egress);
  if (unreachable !== undefined) return rejected("NoEgress", unreachable);
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
  const accepted = {
    sandboxClass: sandboxClass.spec,
    probe: spec.readinessProbe ?? probe?.spec,
    found: lookup?.kind === "found" ? lookup : undefined,
  };
  if (sandboxClass.spec.podPatch !== undefined) {
    const { problem } = patchedPod(podFor(sandbox, podInputsFor(observed, accepted)), sandboxClass.spec);
    if (problem !== undefined) {
      return rejected("PodPatch", `The podPatch of SandboxClass "${sandboxClass.metadata.name}" ${problem}.`);
    }
  }
  return { kind: "accepted", ...accepted };
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
