import { isIP } from "node:net";
import type { Kube } from "./client.ts";
import { type EndpointSlice, type Node, SERVICE_CIDR, type ServiceCidr } from "./objects.ts";
import { isNotFound } from "./api-error.ts";
import { backoff } from "../lib/backoff.ts";
import { single } from "../lib/cidr.ts";
import { sleep } from "../lib/sleep.ts";
import type { Log } from "../log.ts";

/** The addresses of a node and of its Pods, as far as the node tells them. */
export function rangesOfNode({ spec, status }: Node): string[] {
  const { podCIDR, podCIDRs = podCIDR === undefined ? [] : [podCIDR] } = spec ?? {};
  const addresses = (status?.addresses ?? []).map(({ address }) => address).filter((address) => isIP(address) !== 0);
  return [...addresses.map(single), ...podCIDRs];
}

/** The addresses of the servers behind a Service. */
export function rangesOfSlice({ endpoints = [] }: EndpointSlice): string[] {
  return endpoints.flatMap(({ addresses }) => addresses.filter((address) => isIP(address) !== 0).map(single));
}

/** Where the servers behind a Service listen, as `address:port`. */
export function listenersOfSlice({ endpoints = [], ports = [] }: EndpointSlice): string[] {
  const addresses = endpoints.flatMap((endpoint) => endpoint.addresses).filter((address) => isIP(address) !== 0);
  return addresses.flatMap((address) =>
    ports.flatMap(({ port }) =>
      port === undefined ? [] : [isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`],
    ),
  );
}

/** The ranges of addresses that Services are given out of. */
export function rangesOfServices({ spec }: ServiceCidr): string[] {
  return spec?.cidrs ?? [];
}

/**
 * Whether the cluster tells the ranges of Services; before Kubernetes 1.33 it has no such kind. Asks until there is an answer,
 * or the signal is aborted: what is not known would be open.
 */
export async function hasServiceRanges(kube: Pick<Kube, "list">, log: Log, signal: AbortSignal): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await kube.list(SERVICE_CIDR, { limit: 1, signal });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (isNotFound(error)) {
        log.warn("the API server does not tell the ranges of Services: name them in cluster.cidrs of the chart");
        return false;
      }
      log.warn({ error, attempt }, "cannot read the ranges of Services; tried again");
    }
    await sleep(backoff(attempt, { first: 500, most: 10_000 }), signal);
  }
}
