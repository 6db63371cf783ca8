import { isIP } from "node:net";
import type { Kube } from "./client.ts";
import { type EndpointSlice, type Node, SERVICE_CIDR } from "./objects.ts";
import { firstAnswer } from "./first-answer.ts";
import { single } from "../lib/cidr.ts";
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

/** The ranges of Services as of now; none of a cluster that does not tell them. */
export async function serviceRanges(kube: Pick<Kube, "list">, log: Log, signal: AbortSignal): Promise<string[]> {
  const consequence = "the API server does not tell the ranges of Services: name them in cluster.cidrs of the chart";
  const answer = await firstAnswer(() => kube.list(SERVICE_CIDR, { signal }), consequence, log, signal);
  return (answer?.items ?? []).flatMap(({ spec }) => spec?.cidrs ?? []);
}
