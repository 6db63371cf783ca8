import { describe, expect, test } from "vitest";
import { readinessProbeSchema } from "../../../../src/api/readiness-probe.ts";
import { admissionOf } from "../../../../src/operator/sandbox/admission.ts";
import type { Container } from "../../../../src/kube/objects.ts";
import type { Observed } from "../../../../src/operator/sandbox/observed.ts";
import { aClass, aPod, aSandbox, ago, facts, observed, settings } from "../builders.ts";

const probe = readinessProbeSchema.parse({ metadata: { name: "p" }, spec: { tcp: { port: 80 } } });
const dying = { ...probe, metadata: { ...probe.metadata, deletionTimestamp: ago(1) } };

const withArgs = aSandbox({ args: ["serve"] });
const nothingUnseen = { missing: [], forbidden: [] };

const knowing = { ...facts, apiServerAudiences: new Set(["https://issuer.example.com"]) };

function withToken(audience: string) {
  return aSandbox({ identityToken: { audience } });
}

/** A sandbox that waits for enforcement, with these API servers known. */
function enforced(apiServers: string[], allowedPrivateCidrs: string[] = []): Partial<Observed> {
  const sandboxClass = aClass({ network: { waitForEnforcement: true, allowedPrivateCidrs } });
  return { sandboxClass, facts: { ...facts, apiServers } };
}

const ingressClass = aClass({ tunnels: { mode: "Ingress", domain: "class.example" } });

interface Row {
  name: string;
  observed: Partial<Observed>;
  /** Milliseconds until its class's `scheduleSeconds` are over. */
  scheduleBy?: number;
  loginBy?: number;
  lookUpBy?: number;
  want: object;
  says?: RegExp;
}

const { image: __, ...spec } = aSandbox().spec;
const imageless = { ...aSandbox(), spec };
const { sandboxClass: _, ...withoutClass } = observed();

/** Accepted with such a container. */
function podWith(container: Partial<Container>): object {
  return { kind: "accepted", pod: { spec: { containers: [container] } } };
}

const rows: Row[] = [
  { name: "a plain sandbox is accepted", observed: {}, want: { kind: "accepted" } },
  {
    name: "a named probe is resolved",
    observed: { sandbox: aSandbox({ readinessProbeName: "p" }), probe },
    want: podWith({ command: expect.arrayContaining([expect.stringContaining('"readiness":{')]) }),
  },
  {
    name: "in mode Ingress tunnels need leave to make Ingresses",
    observed: { sandbox: aSandbox({ tunnels: [{ port: 80 }] }), sandboxClass: ingressClass },
    want: { kind: "refused", ending: "Rejected", reason: "NoIngress" },
    says: /ask an administrator to set tunnels.ingress of the chart/,
  },
  {
    name: "with that leave they are accepted",
    observed: {
      sandbox: aSandbox({ tunnels: [{ port: 80 }] }),
      sandboxClass: ingressClass,
      settings: { ...settings, tunnels: { ...settings.tunnels, ingress: true } },
    },
    want: { kind: "accepted" },
  },
  { name: "without tunnels no leave is needed", observed: { sandboxClass: ingressClass }, want: { kind: "accepted" } },
  {
    name: "what the class cannot do in mode Ingress is refused by name",
    observed: { sandbox: aSandbox({ tunnels: [{ port: 90, protocol: "HTTP2" }] }), sandboxClass: ingressClass },
    want: { kind: "refused", ending: "Rejected", reason: "TunnelMode" },
    says: /port 90 cannot have protocol HTTP2 .* \(SandboxClass "default"\)/,
  },
  {
    name: "a probe that is not there may still come",
    observed: { sandbox: aSandbox({ readinessProbeName: "p" }) },
    scheduleBy: 1,
    want: { kind: "waiting", reason: "ProbeNotFound" },
  },
  {
    name: "an API server by which to tell enforcement may become known yet",
    observed: enforced([]),
    scheduleBy: 1,
    want: { kind: "waiting", reason: "ApiServerNotFound" },
    says: /EndpointSlice of Service "kubernetes"/,
  },
  {
    name: "without an API server that becomes known nothing tells enforcement",
    observed: enforced([]),
    scheduleBy: 0,
    want: { kind: "refused", ending: "Rejected", reason: "ApiServerNotFound" },
    says: /did not appear in time/,
  },
  {
    name: "a class that opens every API server's address cannot wait for enforcement",
    observed: enforced(["10.0.0.1:6443"], ["10.0.0.0/8"]),
    scheduleBy: 1,
    want: { kind: "refused", ending: "Rejected", reason: "NoDeniedAddress" },
    says: /allowedPrivateCidrs/,
  },
  {
    name: "a probe that does not come is Rejected",
    observed: { sandbox: aSandbox({ readinessProbeName: "p" }) },
    scheduleBy: 0,
    want: { kind: "refused", ending: "Rejected", reason: "ProbeNotFound" },
    says: /ReadinessProbe "p" did not appear in time\. Create it/,
  },
  {
    name: "a probe that is being deleted is as good as gone",
    observed: { sandbox: aSandbox({ readinessProbeName: "p" }), probe: dying },
    scheduleBy: 0,
    want: { kind: "refused", reason: "ProbeNotFound" },
  },
  {
    name: "no image anywhere is Rejected",
    observed: { sandbox: imageless },
    want: { kind: "refused", reason: "NoImage" },
    says: /spec\.image/,
  },
  {
    name: "an image that the class does not allow is Rejected",
    observed: { sandboxClass: aClass({ allowedImages: ["registry.example/*:1"] }) },
    want: { kind: "refused", reason: "ImageNotAllowed" },
    says: /busybox:stable.*registry\.example/,
  },
  {
    name: "more than the class allows is Rejected with the limit",
    observed: { sandboxClass: aClass({ maxima: { timeoutSeconds: 60 } }) },
    want: { kind: "refused", reason: "ClassLimit" },
    says: /300 is more than 60/,
  },
  {
    name: "a patch of the class that would make it no sandbox is Rejected",
    observed: { sandboxClass: aClass({ podPatch: { spec: { hostNetwork: true } } }) },
    want: { kind: "refused", ending: "Rejected", reason: "PodPatch" },
    says: /podPatch of SandboxClass "default" changes spec\.hostNetwork/,
  },
  {
    name: "a taken name is NameTaken and names the holder",
    observed: { sandbox: aSandbox({ name: "web" }), nameHolder: "other" },
    want: { kind: "refused", ending: "NameTaken" },
    says: /"web".*other/,
  },
  {
    name: "who lost its name waits for no probe",
    observed: { sandbox: aSandbox({ name: "web", readinessProbeName: "p" }), nameHolder: "other" },
    want: { kind: "refused", ending: "NameTaken" },
  },
  {
    name: "a Pod of an earlier sandbox is waited for",
    observed: { earlierPod: aPod() },
    want: { kind: "waiting", reason: "PodNameInUse" },
  },
  {
    name: "a final refusal by the API server is Rejected",
    observed: { refusal: { final: true, retryAfter: 0, reason: "PodSecurity", message: "violates" } },
    want: { kind: "refused", ending: "Rejected", reason: "PodSecurity" },
  },
  {
    name: "a token for somebody else than the cluster is accepted",
    observed: { sandbox: withToken("sts.example.com"), facts: knowing },
    want: { kind: "accepted" },
  },
  {
    name: "a token for the API server is Rejected",
    observed: { sandbox: withToken("https://issuer.example.com"), facts: knowing },
    want: { kind: "refused", ending: "Rejected", reason: "AudienceNotAllowed" },
    says: /is the API server's own/,
  },
  {
    name: "a token for the gateway is Rejected",
    observed: { sandbox: withToken("sandkeep"), facts: knowing },
    want: { kind: "refused", ending: "Rejected", reason: "AudienceNotAllowed" },
    says: /gateway/,
  },
  {
    name: "a token is Rejected where nobody knows whom the API server accepts",
    observed: { sandbox: withToken("sts.example.com") },
    want: { kind: "refused", ending: "Rejected", reason: "AudienceNotAllowed" },
    says: /does not know the API server's audiences/,
  },
  {
    name: "args alone wait for the image's ENTRYPOINT, which is no news",
    observed: { sandbox: withArgs },
    want: { kind: "waiting", reason: "Pending", message: "", wanted: expect.objectContaining({ namespace: "n" }) },
  },
  {
    name: "args alone run once it is known",
    observed: { sandbox: withArgs, lookup: { kind: "found", digest: "sha256:00", entrypoint: [] } },
    want: podWith({ image: "busybox@sha256:00" }),
  },
  {
    name: "no image is looked up that the class does not allow",
    observed: { sandbox: withArgs, sandboxClass: aClass({ allowedImages: ["registry.example/*:1"] }) },
    want: { kind: "refused", reason: "ImageNotAllowed" },
  },
  {
    name: "a registry that is silent has the time of a pull",
    observed: { sandbox: withArgs, lookup: { kind: "silent", final: false } },
    lookUpBy: 1,
    want: { kind: "waiting", reason: "EntrypointUnknown" },
    says: /busybox:stable.*does not answer/,
  },
  {
    name: "a registry that stays silent is ImageUnavailable",
    observed: { sandbox: withArgs, lookup: { kind: "silent", final: false } },
    lookUpBy: 0,
    want: { kind: "refused", ending: "ImageUnavailable", reason: "EntrypointUnknown" },
  },
  {
    name: "a login may come with the sandbox",
    observed: { sandbox: withArgs, lookup: { kind: "refused", final: false, unseen: nothingUnseen } },
    loginBy: 1,
    want: { kind: "waiting", reason: "EntrypointUnknown" },
  },
  {
    name: "a login that does not come is ImageUnavailable",
    observed: { sandbox: withArgs, lookup: { kind: "refused", final: false, unseen: nothingUnseen } },
    loginBy: 0,
    lookUpBy: 100,
    want: { kind: "refused", ending: "ImageUnavailable" },
    says: /imagePullSecrets/,
  },
  {
    name: "an image that is not there is ImageUnavailable at once",
    observed: { sandbox: withArgs, lookup: { kind: "absent", final: true } },
    lookUpBy: 100,
    want: { kind: "refused", ending: "ImageUnavailable" },
    says: /does not exist/,
  },
  {
    name: "a registry that the operator may not ask is Rejected",
    observed: { sandbox: withArgs, lookup: { kind: "not-allowed", final: true } },
    lookUpBy: 100,
    want: { kind: "refused", ending: "Rejected", reason: "EntrypointUnknown" },
    says: /spec\.command/,
  },
  {
    name: "Secrets that the operator may not read are Rejected",
    observed: {
      sandbox: withArgs,
      lookup: { kind: "refused", final: true, unseen: { missing: [], forbidden: ["login"] } },
    },
    loginBy: 1,
    lookUpBy: 100,
    want: { kind: "refused", ending: "Rejected" },
    says: /"login".*operator\.pullSecrets/,
  },
];

describe("admissionOf", () => {
  test.each(rows)("$name", ({ observed: parts, scheduleBy, loginBy, lookUpBy, want, says }) => {
    const moments = Object.fromEntries(
      Object.entries({ scheduleBy, loginBy, lookUpBy }).filter(([, moment]) => moment !== undefined),
    );
    const admission = admissionOf(observed(parts), moments);
    expect(admission).toMatchObject(want);
    if (says !== undefined) expect("message" in admission ? admission.message : "").toMatch(says);
  });

  test("a class that is not there may still come, and then is Rejected", () => {
    const parts = { ...withoutClass, sandbox: aSandbox({ className: "big" }) };
    expect(admissionOf(parts, { scheduleBy: 1 })).toMatchObject({ kind: "waiting", reason: "ClassNotFound" });
    expect(admissionOf(parts, { scheduleBy: -1 })).toMatchObject({ kind: "refused", ending: "Rejected" });
  });
});
