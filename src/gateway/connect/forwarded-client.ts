import { isIP } from "node:net";
import { plainAddress } from "../tunnels/admit.ts";

/**
 * The address of the client that a request comes from. `peer` is whose connection it came over; a hop that is trusted to say
 * for whom it speaks has added that to the end of `X-Forwarded-For`, and so have trusted ones before it. What stands further
 * in front anybody may have written. `undefined` when a trusted hop does not say it, or not as an address.
 */
export function forwardedClient(
  peer: string,
  forwardedFor: string | undefined,
  isTrustedHop: (address: string) => boolean,
): string | undefined {
  if (!isTrustedHop(peer)) return peer;
  if (forwardedFor === undefined) return undefined;
  let client: string | undefined = peer;
  for (const said of forwardedFor.split(",").toReversed()) {
    client = addressIn(said.trim());
    if (client === undefined || !isTrustedHop(client)) return client;
  }
  return client;
}

/** Some write the port behind it, and an address of IPv6 in brackets. */
function addressIn(text: string): string | undefined {
  const bare = /^\[([^\]]*)\](:\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? undefined : plainAddress(bare);
}
