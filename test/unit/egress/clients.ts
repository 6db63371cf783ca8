import type { Network } from "../../../src/api/schema/network.ts";
import type { Client, Clients } from "../../../src/egress/client.ts";
import { accessOf } from "../../../src/egress/rule/access.ts";

/** One sandbox, which is at every address; its rule may change. */
export class OneClient implements Clients {
  network: Network | undefined;
  /** Whether it may reach an address that a name has led to. */
  reaches: (address: string) => boolean = () => true;
  known = true;

  constructor(network?: Network) {
    this.network = network;
  }

  async at(): Promise<Client | undefined> {
    return this.now();
  }

  now(): Client | undefined {
    if (!this.known) return undefined;
    return { uid: "uid", namespace: "ns", name: "sandbox", access: accessOf(this.network), reaches: this.reaches };
  }
}
