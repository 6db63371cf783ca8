import type { Sandbox } from "../../api/sandbox.ts";
import type { Config } from "../../config.ts";
import { connectHost } from "../../lib/tunnel-host.ts";
import { termsIn } from "../tunnels/terms.ts";

/** Tells where requests with connect tokens go to a sandbox; `undefined` where the gateway does not listen for them. */
export function connectUrls(
  { port, reached }: Pick<Config["tunnels"], "port" | "reached">,
  stores: Parameters<typeof termsIn>[0],
): (sandbox: Sandbox) => string | undefined {
  if (port === undefined) return () => undefined;
  const termsOf = termsIn(stores, reached.domain);
  return (sandbox) => {
    const host = connectHost(sandbox.metadata.uid ?? "", termsOf(sandbox).connectDomain.toLowerCase());
    return reached.port === 443 ? `https://${host}` : `https://${host}:${reached.port}`;
  };
}
