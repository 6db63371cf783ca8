import type { ConnectOptions } from "./connect-options.ts";
import { invalid, notSupported } from "./errors.ts";
import { fetchTransport } from "./http/fetch.ts";
import type { Connection } from "./http/transport.ts";

/** The way to the gateway that options describe: a browser has no environment. */
export async function connect({ url, token, namespace = "default" }: ConnectOptions): Promise<Connection> {
  if (url === undefined || token === undefined) throw invalid("In a browser, give SandkeepClient a url and a token");
  const bearer = typeof token === "string" ? () => token : token;
  return { transport: fetchTransport({ url, token: bearer }), namespace };
}

/** Throws: a browser has no files of its own. */
export async function localFiles(): Promise<never> {
  throw notSupported("Copying local files in a browser (use readStream and writeStream)");
}
