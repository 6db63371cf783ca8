import type { Access } from "./rule/access.ts";

/** A sandbox as what it sends is judged. */
export interface Client {
  uid: string;
  namespace: string;
  name: string;
  access: Access;
  /** Whether it may reach an address that a name has led to. */
  reaches: (address: string) => boolean;
}

/** Who is behind an address. */
export interface Clients {
  /** The sandbox at this address; it may have begun moments ago, so it is waited for a little. `undefined`: there is none. Throws when nobody can tell. */
  at(address: string): Promise<Client | undefined>;
  /** The sandbox at this address as it is now, if it is still this one and somebody can tell. */
  now(address: string, uid: string): Client | undefined;
}

/** An IPv4 address that came to a socket for both families, as IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
}
