import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as sendRequest } from "node:https";
import { text } from "node:stream/consumers";
import type { Installed } from "./installed.ts";

/** The reply of a program in a sandbox, or of the gateway in its place. */
export interface TunnelReply {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** How a host of the gateway's is reached from this machine, which knows no address of it. */
export interface TunnelPlace {
  host: string;
  port: number;
  servername: string;
  ca: string;
  headers: { host: string };
}

/** Where requests to this URL go. */
export function placeOf({ gateway, certificate }: Installed, url: string): TunnelPlace {
  const { hostname, port, host } = new URL(url);
  const node = new URL(gateway).hostname;
  return { host: node, port: Number(port || 443), servername: hostname, ca: certificate, headers: { host } };
}

/** Sends a request over a connection of its own, so that any replica may get it. */
export async function sendThrough(
  installed: Installed,
  url: string,
  {
    headers = {},
    body,
    method = "GET",
  }: { headers?: Record<string, string>; body?: string | Buffer; method?: string } = {},
): Promise<TunnelReply> {
  const { pathname, search } = new URL(url);
  const at = placeOf(installed, url);
  const options = { ...at, agent: false, method, path: pathname + search, headers: { ...at.headers, ...headers } };
  const request = sendRequest(options);
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}
