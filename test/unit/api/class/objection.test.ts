import { describe, expect, test } from "vitest";
import { objectionTo } from "../../../../src/api/class/objection.ts";
import type { SandboxSpecInput } from "../../../../src/api/sandbox.ts";
import { aClass, aSandbox } from "../../operator/builders.ts";

const gpus = { H100: {}, "A100-80GB": {}, MI300: { resourceName: "amd.com/gpu" } };
const maxima = {
  resources: { memory: "1Gi", cpu: 2, "nvidia.com/gpu": 4 },
  ephemeralStorage: "2Gi",
  timeoutSeconds: 600,
  tunnels: 1,
};

const allowed: { name: string; spec: SandboxSpecInput; classSpec: object }[] = [
  { name: "nothing special", spec: {}, classSpec: {} },
  {
    name: "exactly the maxima",
    spec: {
      resources: { limits: { memory: "1024Mi", cpu: "2000m", "ephemeral-storage": "2Gi" } },
      timeoutSeconds: 600,
      tunnels: [{ port: 80 }],
      gpu: ["H100:4"],
    },
    classSpec: { maxima, gpus },
  },
  { name: "a GPU in another case", spec: { gpu: ["h100", "a100-80gb:2"] }, classSpec: { gpus } },
  { name: "no domains", spec: { network: { outbound: { domains: [] } } }, classSpec: {} },
  {
    name: "domains and a proxy",
    spec: { network: { proxyName: "static", outbound: { domains: ["example.com"] } } },
    classSpec: { network: { domains: true } },
  },
  { name: "any GPU", spec: { gpu: ["any", "ANY:2"] }, classSpec: { gpus } },
  { name: "GPUs of another resource than the limited one", spec: { gpu: ["MI300:8"] }, classSpec: { maxima, gpus } },
  { name: "a cloud in another case", spec: { placement: { cloud: "AWS" } }, classSpec: { clouds: { aws: {} } } },
  { name: "a whole image by a pattern", spec: {}, classSpec: { allowedImages: ["busy*:stable"] } },
  ...[
    ["debian:12-slim", "debian:*"],
    ["debian:12@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "debian:*"],
    ["registry.example:5000/team/a:1", "registry.example:5000/*"],
    ["registry.example/team/sub/a:1", "registry.example/*:1"],
  ].map(([image = "", pattern = ""]) => ({
    name: `${image} by ${pattern}`,
    spec: { image },
    classSpec: { allowedImages: [pattern] },
  })),
];

const refused: { name: string; spec: SandboxSpecInput; classSpec: object; reason: string; says: string }[] = [
  {
    name: "a longer life",
    spec: { timeoutSeconds: 601 },
    classSpec: { maxima },
    reason: "ClassLimit",
    says: 'spec.timeoutSeconds 601 is more than 600, the maximum of SandboxClass "default".',
  },
  {
    name: "a larger limit",
    spec: { resources: { limits: { memory: "2Gi" } } },
    classSpec: { maxima },
    reason: "ClassLimit",
    says: "spec.resources.limits.memory 2Gi is more than 1Gi",
  },
  {
    name: "a larger request",
    spec: { resources: { requests: { "ephemeral-storage": "2049Mi" } } },
    classSpec: { maxima },
    reason: "ClassLimit",
    says: "spec.resources.requests.ephemeral-storage 2049Mi is more than 2Gi",
  },
  {
    name: "more tunnels",
    spec: { tunnels: [{ port: 80 }, { port: 81 }] },
    classSpec: { maxima },
    reason: "ClassLimit",
    says: "spec.tunnels has 2, which is more than 1",
  },
  {
    name: "more GPUs, also as a fallback",
    spec: { gpu: ["H100", "H100:8"] },
    classSpec: { maxima, gpus },
    reason: "ClassLimit",
    says: "spec.gpu H100:8 is more than 4 nvidia.com/gpu",
  },
  {
    name: "a GPU that the class does not have",
    spec: { gpu: ["H100", "B200:2"] },
    classSpec: { gpus },
    reason: "UnknownGpu",
    says: 'GPU B200 is unknown to SandboxClass "default", which has H100, A100-80GB, MI300, any.',
  },
  {
    name: "any GPU of a class that has none",
    spec: { gpu: ["any"] },
    classSpec: {},
    reason: "UnknownGpu",
    says: 'GPU any is unknown to SandboxClass "default", which has no GPUs.',
  },
  {
    name: "GPUs asked for twice",
    spec: { gpu: ["H100"], resources: { limits: { "nvidia.com/gpu": "1" } } },
    classSpec: { gpus },
    reason: "DuplicateResource",
    says: "spec.gpu and spec.resources both ask for nvidia.com/gpu",
  },
  {
    name: "a cloud that the class does not have",
    spec: { placement: { cloud: "oci" } },
    classSpec: { clouds: { aws: {}, gcp: {} } },
    reason: "UnknownCloud",
    says: 'Cloud oci is unknown to SandboxClass "default", which has aws, gcp.',
  },
  {
    name: "domains that the class does not have",
    spec: { network: { outbound: { domains: ["example.com"] } } },
    classSpec: {},
    reason: "DomainsNotAllowed",
    says: 'spec.network.outbound.domains needs network.domains in SandboxClass "default".',
  },
  {
    name: "a proxy that the class does not have",
    spec: { network: { proxyName: "static" } },
    classSpec: { network: { domains: false } },
    reason: "DomainsNotAllowed",
    says: "spec.network.proxyName needs network.domains",
  },
  {
    name: "a proxy, and addresses past it",
    spec: { network: { proxyName: "static", outbound: { cidrs: ["203.0.113.0/24"] } } },
    classSpec: { network: { domains: true } },
    reason: "DomainsNotAllowed",
    says: "spec.network.proxyName and outbound.cidrs exclude each other",
  },
  {
    name: "an image that the class does not allow",
    spec: {},
    classSpec: { allowedImages: ["registry.example/*:1"] },
    reason: "ImageNotAllowed",
    says: "Image busybox:stable is not among the allowedImages",
  },
  {
    name: "an image of a registry that is called as one that is allowed",
    spec: { image: "debian:5000/any/image" },
    classSpec: { allowedImages: ["debian:*"] },
    reason: "ImageNotAllowed",
    says: "Image debian:5000/any/image is not among the allowedImages",
  },
  {
    name: "such an image as a volume",
    spec: { volumes: [{ name: "data", mountPath: "/data", image: { reference: "private.example/data:1" } }] },
    classSpec: { allowedImages: ["busybox:*"] },
    reason: "ImageNotAllowed",
    says: "Image private.example/data:1 is not",
  },
];

describe("objectionTo", () => {
  test.each(allowed)("$name is allowed", ({ spec, classSpec }) => {
    expect(objectionTo(aSandbox(spec).spec, aClass(classSpec))).toBeUndefined();
  });

  test.each(refused)("$name is not", ({ spec, classSpec, reason, says }) => {
    const objection = objectionTo(aSandbox(spec).spec, aClass(classSpec));
    expect(objection?.reason).toBe(reason);
    expect(objection?.message).toContain(says);
  });

  test("a sandbox without an image needs one of its class", () => {
    const { image: _, ...spec } = aSandbox().spec;
    expect(objectionTo(spec, aClass())).toMatchObject({ reason: "NoImage" });
    expect(objectionTo(spec, aClass({ defaultImage: "busybox:stable" }))).toBeUndefined();
  });
});
