import { readFileSync } from "node:fs";
import { env } from "node:process";
import type { ConnectOptions } from "../connect-options.ts";
import { invalid } from "../errors.ts";
import type { Connection } from "../http/transport.ts";
import { nodeTransport } from "./transport.ts";

/** The way to the gateway that options and environment describe. */
export async function connect({
  url = env["SANDKEEP_URL"],
  token,
  namespace,
  ca,
}: ConnectOptions): Promise<Connection> {
  const file = env["SANDKEEP_CA_FILE"];
  const trusted = ca ?? (file === undefined ? undefined : readFileSync(file, "utf8"));
  const given = token ?? env["SANDKEEP_TOKEN"];
  if (url === undefined || given === undefined) throw invalid("Set SANDKEEP_URL and SANDKEEP_TOKEN");
  const transport = nodeTransport({
    url,
    token: typeof given === "string" ? () => given : given,
    ...(trusted !== undefined && { tls: { ca: trusted } }),
  });
  return { transport, namespace: namespace ?? env["SANDKEEP_NAMESPACE"] ?? "default" };
}
