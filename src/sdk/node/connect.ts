import type { ConnectOptions } from "../connect-options.ts";
import { notSupported } from "../errors.ts";
import type { Connection } from "../http/transport.ts";

/** The way to the gateway that options, environment and kubeconfig describe. */
export async function connect(_options: ConnectOptions): Promise<Connection> {
  throw notSupported("A connection of its own");
}
