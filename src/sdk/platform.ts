import type { ConnectOptions } from "./connect-options.ts";
import type { Connection } from "./http/transport.ts";
import type * as LocalFiles from "./node/local-files.ts";

/** The way to the gateway that options, environment and kubeconfig describe. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const node = await import("./node/connect.ts");
  return await node.connect(options);
}

/** Files of the machine that the program runs on. */
export async function localFiles(): Promise<typeof LocalFiles> {
  return await import("./node/local-files.ts");
}
