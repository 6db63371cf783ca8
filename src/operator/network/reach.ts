import { holds, widest } from "../../lib/cidr.ts";
import { notPublicV4, notPublicV6, otherV6 } from "../../lib/public-addresses.ts";

/** A range of addresses and what of it does not belong to it. */
export interface Block {
  cidr: string;
  except?: string[];
}

/** All that sandboxes cannot reach unless their class opens it: what is not the public internet, and the cluster's own. */
export function closedRanges(clusterCidrs: readonly string[]): string[] {
  return widest([...notPublicV4, ...otherV6, ...notPublicV6, ...clusterCidrs]);
}

/** What may be reached of the ranges that are asked for: all that is not closed, and what of the rest is opened. */
export function reachable(asked: readonly string[], closed: readonly string[], opened: readonly string[]): Block[] {
  return [...asked.flatMap((cidr) => openPart(cidr, closed, opened)), ...openedIn(asked, opened)];
}

function openPart(cidr: string, closed: readonly string[], opened: readonly string[]): Block[] {
  if (opened.some((range) => holds(range, cidr))) return [{ cidr }];
  if (closed.some((range) => holds(range, cidr))) return [];
  const except = closed.filter((range) => holds(cidr, range));
  return [except.length === 0 ? { cidr } : { cidr, except }];
}

/** The opened ranges that are smaller than one that is asked for. */
function openedIn(asked: readonly string[], opened: readonly string[]): Block[] {
  return opened.filter((range) => asked.some((cidr) => cidr !== range && holds(cidr, range))).map((cidr) => ({ cidr }));
}
