import { describe, expect, test } from "vitest";
import type { SandboxSpecInput } from "../../../../src/api/sandbox.ts";
import { describeUnsupported, unsupportedField } from "../../../../src/operator/sandbox/unsupported.ts";
import { aSandbox } from "../builders.ts";

const refused: { path: string; spec: SandboxSpecInput }[] = [
  { path: "spec.volumes", spec: { volumes: [{ name: "v", mountPath: "/v", snapshotName: "s" }] } },
  { path: "spec.experimental", spec: { experimental: { x: "true" } } },
];

const accepted: { name: string; spec: SandboxSpecInput }[] = [
  { name: "nothing but an image", spec: {} },
  { name: "command with args", spec: { command: ["a"], args: ["b"] } },
  { name: "args alone", spec: { args: ["b"] } },
  { name: "a blocked network", spec: { network: { block: true } } },
  { name: "an empty network", spec: { network: {} } },
  { name: "ranges to reach", spec: { network: { outbound: { cidrs: ["1.1.1.0/24"], domains: [] } } } },
  { name: "an empty outbound", spec: { network: { outbound: {} } } },
  { name: "empty lists and false", spec: { tunnels: [], volumes: [], experimental: {}, verbose: false } },
  { name: "a volume", spec: { volumes: [{ name: "v", mountPath: "/v", emptyDir: {} }] } },
  { name: "a place", spec: { placement: { regions: ["eu"], cloud: "aws" } } },
  { name: "tunnels", spec: { tunnels: [{ port: 80 }], customDomain: "tunnels.example" } },
  { name: "who may come in", spec: { network: { inbound: { cidrs: [] } } } },
  { name: "GPUs", spec: { gpu: ["H100"] } },
];

describe("unsupportedField", () => {
  test.each(refused)("$path is refused", ({ path, spec }) => {
    expect(unsupportedField(aSandbox(spec).spec)?.path).toBe(path);
  });

  test.each(["snapshotName", "imageName"])("spec.%s is refused", (field) => {
    const { image: _, ...spec } = aSandbox().spec;
    expect(unsupportedField({ ...spec, [field]: "x" })?.path).toBe(`spec.${field}`);
  });

  test.each(accepted)("$name is accepted", ({ spec }) => {
    expect(unsupportedField(aSandbox(spec).spec)).toBeUndefined();
  });

  test("the message names field, value and what to do, and is bounded", () => {
    expect(describeUnsupported({ path: "spec.tunnels", value: [80] })).toBe(
      "spec.tunnels [80] is not supported by this version of Sandkeep. Leave it out.",
    );
    expect(describeUnsupported({ path: "spec.args", value: ["x".repeat(10_000)] }).length).toBeLessThan(400);
  });
});
