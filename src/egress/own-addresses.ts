import { isIP } from "node:net";
import type { Kube, ObjectName } from "../kube/client.ts";
import { SERVICE } from "../kube/objects.ts";
import type { ProxyAddresses } from "./dns/reply.ts";

/** The addresses of the Service by which sandboxes reach the proxy; they never change. Throws where it has none. */
export async function ownAddresses(kube: Kube, service: ObjectName): Promise<ProxyAddresses> {
  const { spec } = await kube.get(SERVICE, service);
  const addresses = spec?.clusterIPs ?? [];
  const v4 = addresses.find((address) => isIP(address) === 4);
  const v6 = addresses.find((address) => isIP(address) === 6);
  if (v4 === undefined && v6 === undefined) throw new Error(`Service "${service.name}" has no cluster address`);
  return { ...(v4 !== undefined && { v4 }), ...(v6 !== undefined && { v6 }) };
}
