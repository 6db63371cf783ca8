import type { SandkeepClient } from "../sdk/client.ts";
import type { ConnectOptions } from "../sdk/connect-options.ts";
import type { Sandbox } from "../sdk/sandbox/sandbox.ts";

/** What can be said on every command line. */
export interface GlobalOptions {
  namespace?: string;
  context?: string;
  kubeconfig?: string;
  url?: string;
  serviceAccount?: string;
  debug?: boolean;
}

/** How to connect, as the command line says. */
function connectOptions(options: GlobalOptions): ConnectOptions {
  const { namespace, context, kubeconfig, url, serviceAccount } = options;
  return {
    ...(namespace !== undefined && { namespace }),
    ...(context !== undefined && { context }),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(url !== undefined && { url }),
    ...(serviceAccount !== undefined && { serviceAccount }),
  };
}

/** The SDK's client; loaded when it is needed, so that help does not wait for it. */
export async function clientFor(options: GlobalOptions, more: { retryMs?: number } = {}): Promise<SandkeepClient> {
  const { SandkeepClient } = await import("../sdk/client.ts");
  return new SandkeepClient({ ...connectOptions(options), ...more });
}

/** The sandbox that a command names: by its id, or by app and name as `APP/NAME`. */
export async function sandboxOf(client: SandkeepClient, reference: string): Promise<Sandbox> {
  const slash = reference.indexOf("/");
  if (slash < 0) return await client.sandboxes.fromId(reference);
  return await client.sandboxes.fromName(reference.slice(0, slash), reference.slice(slash + 1));
}
