import type { Tenant } from "./tenant.ts";

/** A class of sandboxes under gVisor, for one tenant; it goes when it is disposed. */
export async function gvisorClass({ namespace, kubectl }: Tenant): Promise<{ name: string } & AsyncDisposable> {
  const name = `gvisor-${namespace}`;
  const spec = { runtimeClassName: "gvisor" };
  const manifest = { apiVersion: "sandkeep.dev/v1alpha1", kind: "SandboxClass", metadata: { name }, spec };
  await kubectl(["apply", "-f", "-"], JSON.stringify(manifest));
  return { name, [Symbol.asyncDispose]: async () => void (await kubectl(["delete", "sandboxclass", name])) };
}
