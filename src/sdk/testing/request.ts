import { collect } from "../http/collect.ts";
import type { TransportRequest } from "../http/transport.ts";

/** A request to the gateway, taken apart. */
export interface MockRequest {
  method: TransportRequest["method"];
  /** Parts of the path below the namespace. */
  parts: string[];
  query: URLSearchParams;
  header: (name: string) => string | undefined;
  octets: () => Promise<Uint8Array>;
  json: <T>() => Promise<T>;
  signal: AbortSignal | undefined;
}

/** Takes a request of the SDK apart. */
export function requestOf({ method, path, headers = {}, body = "", signal }: TransportRequest): MockRequest {
  const { pathname, searchParams } = new URL(path, "http://mock");
  const octets = async () => {
    if (typeof body === "string") return new TextEncoder().encode(body);
    return body instanceof Uint8Array ? body.slice() : await collect(body);
  };
  return {
    method,
    parts: pathname.split("/").slice(4).map(decodeURIComponent),
    query: searchParams,
    header: (name) => headers[name],
    octets,
    json: async <T>() => JSON.parse(new TextDecoder().decode(await octets())) as T,
    signal,
  };
}
