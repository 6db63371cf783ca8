import { sandboxSchema, type Sandbox, type SandboxSpecInput, type SandboxStatus } from "../../../src/api/sandbox.ts";
import type { ObjectMeta } from "../../../src/api/meta.ts";

/** A stored sandbox "ns/a", with what matters to a test. */
export function aSandbox({
  spec = {},
  status,
  ...metadata
}: Partial<ObjectMeta> & { spec?: SandboxSpecInput; status?: SandboxStatus } = {}): Sandbox {
  return sandboxSchema.parse({
    metadata: { name: "a", namespace: "ns", uid: "uid-1", creationTimestamp: "2026-01-01T00:00:00Z", ...metadata },
    spec,
    ...(status && { status }),
  });
}
