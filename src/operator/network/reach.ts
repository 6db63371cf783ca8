import { covers, type Range, rangeOf, widest } from "../../lib/cidr.ts";
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
  const wanted = asked.map(rangeOf);
  const own = opened.map(rangeOf);
  return [...wanted.flatMap((range) => openPart(range, rangesOf(closed), own)), ...openedIn(wanted, own)];
}

const known = new WeakMap<readonly string[], Range[]>();

/** What is closed is one list for all sandboxes, and is looked at in each pass of each: it is read once. */
function rangesOf(closed: readonly string[]): Range[] {
  const ranges = known.get(closed) ?? closed.map(rangeOf);
  known.set(closed, ranges);
  return ranges;
}

function openPart(wanted: Range, closed: readonly Range[], opened: readonly Range[]): Block[] {
  const { cidr } = wanted;
  if (opened.some((range) => covers(range, wanted))) return [{ cidr }];
  if (closed.some((range) => covers(range, wanted))) return [];
  const except = closed.filter((range) => covers(wanted, range)).map((range) => range.cidr);
  return [except.length === 0 ? { cidr } : { cidr, except }];
}

/** The opened ranges that are smaller than one that is asked for. */
function openedIn(asked: readonly Range[], opened: readonly Range[]): Block[] {
  return opened
    .filter((range) => asked.some((wanted) => wanted.cidr !== range.cidr && covers(wanted, range)))
    .map(({ cidr }) => ({ cidr }));
}
