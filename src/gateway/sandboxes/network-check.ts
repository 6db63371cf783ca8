import { objectionToNetwork } from "../../api/class/objection.ts";
import type { PatchSandbox } from "../../api/sandbox-http.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Network } from "../../api/schema/network.ts";
import type { User } from "../auth/authenticate.ts";
import type { Guard } from "../server/bind.ts";
import type { ClassCheck } from "./class-check.ts";

type NetworkPatch = NonNullable<PatchSandbox["spec"]["network"]>;

/** Throws for a change of what a sandbox may reach that its class does not let it have, or that names a Secret which the user may not read. */
export type NetworkCheck = (sandbox: Sandbox, patch: NetworkPatch, user: User, signal: AbortSignal) => Promise<void>;

/** The check that goes by the sandbox's class as it is now. */
export function networkCheck(checkClass: ClassCheck, authorise: Guard["authorise"]): NetworkCheck {
  return async (sandbox, patch, user, signal) => {
    const { namespace = "" } = sandbox.metadata;
    if (typeof patch.proxyName === "string") {
      const secret = { group: "", version: "v1", resource: "secrets", namespace, name: patch.proxyName } as const;
      await authorise(user, { ...secret, verb: "get" });
    }
    const network = patched(sandbox.spec.network, patch);
    await checkClass({ ...sandbox, spec: { ...sandbox.spec, network } }, signal, objectionToNetwork);
  };
}

/** What it may reach from then on, and who it, as far as classes care: of a JSON merge patch null takes a member away. */
function patched({ outbound = {}, inbound = {}, proxyName }: Network = {}, patch: NetworkPatch): Network {
  const { cidrs } = patch.inbound === null ? {} : { ...inbound, ...patch.inbound };
  const lists = patch.outbound === null ? {} : { ...outbound, ...patch.outbound };
  const proxy = patch.proxyName === undefined ? proxyName : patch.proxyName;
  return {
    outbound: { ...(lists.cidrs && { cidrs: lists.cidrs }), ...(lists.domains && { domains: lists.domains }) },
    ...(cidrs && { inbound: { cidrs } }),
    ...(typeof proxy === "string" && { proxyName: proxy }),
  };
}
