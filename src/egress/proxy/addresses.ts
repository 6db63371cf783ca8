import { type LookupAddress, promises as dns } from "node:dns";
import { isIP } from "node:net";

/** Asks for the addresses of a name, or gives an address as it is; none where it has none of that family, or does not exist. */
export type Lookup = (name: string) => Promise<LookupAddress[]>;

/** Why a name leads nowhere. */
export class Nowhere extends Error {
  override name = "Nowhere";
  readonly reason: "NoSuchName" | "NotPublic";

  constructor(reason: "NoSuchName" | "NotPublic", message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Asks these resolvers (as of `dns.getServers()`), for both families at once. Neither `/etc/hosts` nor search domains count. */
export function lookupAt(servers: readonly string[]): Lookup {
  const resolver = new dns.Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers(servers);
  return async (name) => {
    const family = isIP(name);
    if (family !== 0) return [{ address: name, family }];
    const [v4, v6] = await Promise.all([
      resolver.resolve4(name).catch(() => []),
      resolver.resolve6(name).catch(() => []),
    ]);
    return [...v4.map((address) => ({ address, family: 4 })), ...v6.map((address) => ({ address, family: 6 }))];
  };
}

/**
 * The addresses of a name that may be reached. They are looked up once and dialled as they were checked: a name that answers
 * differently each time (DNS rebinding) gains nothing. Throws `Nowhere` where there are none.
 */
export async function reachableAddresses(
  name: string,
  lookup: Lookup,
  reaches: (address: string) => boolean,
): Promise<LookupAddress[]> {
  const all = await lookup(name);
  if (all.length === 0) throw new Nowhere("NoSuchName", `${name} does not resolve`);
  const reachable = all.filter(({ address }) => reaches(address));
  if (reachable.length === 0) {
    throw new Nowhere("NotPublic", `${name} resolves to ${all[0]?.address}, which may not be reached`);
  }
  return reachable;
}
