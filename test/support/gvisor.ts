import { kubectl, type Installed } from "./installed.ts";

/** The class of sandboxes under gVisor that tests and benchmarks use. */
export const gvisor = "gvisor";

/** Makes that class where it is missing. */
export async function makeGvisorClass(installed: Installed): Promise<void> {
  const spec = { runtimeClassName: "gvisor" };
  const manifest = { apiVersion: "sandkeep.dev/v1alpha1", kind: "SandboxClass", metadata: { name: gvisor }, spec };
  await kubectl(installed, ["apply", "--filename=-"], JSON.stringify(manifest));
}
