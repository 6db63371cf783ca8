import { lookup, type LookupAddress, type LookupAllOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, type Dispatcher } from "undici";
import { publicAddresses } from "../lib/public-addresses.ts";
import type { Endpoint, RegistrySettings } from "./endpoint.ts";

/** Connections to where a request may go. */
export interface Reach extends AsyncDisposable {
  /** What sends a request there; `undefined` if none may go there. */
  to(url: URL, endpoint: Endpoint): Dispatcher | undefined;
}

/**
 * Who names an image says where the request for it goes, so that it goes nowhere but to public addresses, over TLS, unless
 * an administrator has named the host. Names are checked by the addresses that are connected to. To private hosts nobody
 * leads but other hosts that an administrator has named.
 */
export function registryReach(settings: Pick<RegistrySettings, "private">, clusterCidrs: readonly string[]): Reach {
  const isPublic = publicAddresses(clusterCidrs);
  const times = { headersTimeout: 10_000, bodyTimeout: 10_000, keepAliveTimeout: 1_000 };
  const open = new Agent({ ...times, connect: { timeout: 5_000 } });
  const guarded = new Agent({ ...times, connect: { timeout: 5_000, lookup: publicLookup(isPublic) } });
  return {
    to(url, endpoint) {
      if (endpoint.trusted && url.origin === endpoint.origin) return open;
      if (url.protocol !== "https:" || url.username !== "" || url.password !== "") return undefined;
      const isNamed = endpoint.trusted || settings.private.includes(new URL(endpoint.origin).host);
      if (isNamed && settings.private.includes(url.host)) return open;
      const address = url.hostname.replace(/^\[(.*)\]$/, "$1");
      return isIP(address) === 0 || isPublic(address) ? guarded : undefined;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([open.destroy(), guarded.destroy()]);
    },
  };
}

type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** Looks names up like `dns.lookup`, and gives only addresses that pass. */
export function publicLookup(isPublic: (address: string) => boolean, resolve: LookupAll = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      const usable = error ? [] : found.filter(({ address }) => isPublic(address));
      const [first] = usable;
      if (first === undefined) callback(error ?? new Error("no address of the name may be connected to"), "");
      else if (options.all === true) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };
}
