import type { Socket } from "node:net";
import type { Decision } from "../../api/decision.ts";
import type { Client } from "../client.ts";
import type { Decisions } from "../decisions/decisions.ts";
import { allowsName } from "../rule/access.ts";
import { type Lookup, Nowhere, reachableAddresses } from "./addresses.ts";
import { dial } from "./dial.ts";
import { ProxyFailure } from "./proxy-settings.ts";
import type { ThroughProxy } from "./through-proxy.ts";

/** What a sandbox wants to reach. */
export interface Target {
  protocol: "TLS" | "HTTP";
  host: string;
  port: number;
}

/** That a connection was not made: a message that a sandbox may read, and details for those alone whose sandbox it is. */
export class Refused extends Error {
  override name = "Refused";
  readonly reason: NonNullable<Decision["reason"]>;
  readonly details: string;

  constructor(reason: NonNullable<Decision["reason"]>, message: string, details: string = message) {
    super(message);
    this.reason = reason;
    this.details = details;
  }
}

export interface OutsideOptions {
  decisions: Decisions;
  lookup: Lookup;
  throughProxy: ThroughProxy;
  /** After which a connection on which nothing is said times out; milliseconds, default 15 minutes. */
  idleMilliseconds?: number;
}

/** The world outside, as far as sandboxes may reach it. */
export class Outside {
  readonly #options: OutsideOptions;

  constructor(options: OutsideOptions) {
    this.#options = options;
  }

  /** A connection to what the sandbox asks for, which is closed when it is idle for long. Throws `Refused`; either way the decision is on record. */
  async connect(client: Client, target: Target): Promise<Socket> {
    const { decisions, idleMilliseconds = 15 * 60_000 } = this.#options;
    try {
      const socket = await this.#connect(client, target);
      socket.setTimeout(idleMilliseconds, () => socket.destroy());
      decisions.add(client, { verdict: "Allowed", ...target });
      return socket;
    } catch (error) {
      const refused = refusalOf(error, target);
      const verdict = denials.has(refused.reason) ? "Denied" : "Failed";
      decisions.add(client, { verdict, ...target, reason: refused.reason, message: refused.details });
      throw refused;
    }
  }

  async #connect({ namespace, access, reaches }: Client, target: Target): Promise<Socket> {
    const { lookup, throughProxy } = this.#options;
    const { host, port } = target;
    if (!allowsName(access, host)) {
      throw new Refused("NotAllowed", `${host} is not among network.outbound.domains of this sandbox`);
    }
    const addresses = await reachableAddresses(host, lookup, reaches);
    const proxyName = access.kind === "proxied" ? access.proxyName : undefined;
    if (proxyName === undefined) return dial(addresses, port);
    return throughProxy({ namespace, name: proxyName, reaches }, addresses, port);
  }
}

const denials: ReadonlySet<Decision["reason"]> = new Set(["NotAllowed", "NotPublic"]);

function refusalOf(error: unknown, { host, port }: Target): Refused {
  if (error instanceof Refused) return error;
  if (error instanceof Nowhere && error.reason === "NotPublic") {
    return new Refused("NotPublic", `${host} leads to no address that this sandbox may reach`, error.message);
  }
  if (error instanceof Nowhere) return new Refused(error.reason, error.message);
  if (error instanceof ProxyFailure) {
    return new Refused("ProxyFailed", `${host} cannot be reached through the proxy of this sandbox`, error.message);
  }
  const why = error instanceof Error && "code" in error ? String(error.code) : "it did not answer in time";
  return new Refused("Unreachable", `${host} cannot be reached on port ${port}: ${why}`);
}
