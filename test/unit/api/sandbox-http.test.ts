import { describe, expect, test } from "vitest";
import { describeIssues } from "../../../src/api/parse.ts";
import { createSandboxSchema, sandboxView } from "../../../src/api/sandbox-http.ts";
import { sandboxSpecSchema } from "../../../src/api/sandbox.ts";
import { everySandboxMember } from "../../support/manifests/sandbox.ts";

describe("the body that creates a sandbox", () => {
  test("takes every member of a Sandbox's spec", () => {
    const spec = sandboxSpecSchema.parse(everySandboxMember);
    expect(createSandboxSchema.parse({ spec: everySandboxMember })).toEqual({ spec });
  });

  test("may be empty", () => {
    expect(createSandboxSchema.parse({}).spec.timeoutSeconds).toBe(300);
  });

  test("takes one GPU as a string and flags as booleans, and answers what a Sandbox holds", () => {
    const { spec } = createSandboxSchema.parse({ spec: { gpu: "H100", experimental: { a: true, b: "x" } } });
    expect(sandboxSpecSchema.parse(spec)).toMatchObject({ gpu: ["H100"], experimental: { a: "true", b: "x" } });
  });

  test.each([
    ["an unknown member", { sepc: {} }, 'Unrecognized key: "sepc"'],
    ["an unknown member of the spec", { spec: { imagee: "a" } }, 'spec: Unrecognized key: "imagee"'],
    ["two image sources", { spec: { image: "a", snapshotName: "b" } }, "spec: at most one of image"],
    ["a name with dots that lead elsewhere", { name: "../a" }, "name: must be lower-case letters"],
    ["labels of ours", { labels: { "sandkeep.dev/sandbox": "other" } }, "labels: must not contain"],
  ])("is refused with %s", (_, body, message) => {
    const result = createSandboxSchema.safeParse(body);
    expect(result.error && describeIssues(result.error)).toContainEqual(expect.stringContaining(message));
  });
});

test("a sandbox that the operator has not seen yet is shown as Created", () => {
  const view = sandboxView({
    metadata: { name: "a", namespace: "b", uid: "u", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: sandboxSpecSchema.parse({}),
  });
  expect(view).toMatchObject({ id: "a", namespace: "b", uid: "u", labels: {}, status: { phase: "Created" } });
});
