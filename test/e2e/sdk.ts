import { SandkeepClient } from "sandkeep";
import type { Tenant } from "./tenant.ts";

/** A client of the SDK as a tenant, in its namespace. */
export function clientOf({ installed, token, namespace }: Tenant): SandkeepClient {
  return new SandkeepClient({ url: installed.gateway, ca: installed.certificate, token, namespace });
}
