import type { LookupAddress } from "node:dns";
import { request } from "node:http";
import type { Socket } from "node:net";
import { SocksClient } from "socks";
import { Nowhere, type Lookup, reachableAddresses } from "./addresses.ts";
import { dial, DIAL_MILLISECONDS } from "./dial.ts";
import { ProxyFailure, type ProxySettings } from "./proxy-settings.ts";

/** The proxy that a sandbox names. */
export interface NamedProxy {
  namespace: string;
  name: string;
  /** Whether the sandbox may reach an address; its proxy has to be at one. */
  reaches: (address: string) => boolean;
}

/** A connection to one of these addresses through the proxy. Throws `ProxyFailure`. */
export type ThroughProxy = (proxy: NamedProxy, addresses: readonly LookupAddress[], port: number) => Promise<Socket>;

/** Reaches proxies as the settings that `read` gives say; they connect to addresses, which were checked, and never to names. */
export function throughProxies(
  read: (namespace: string, name: string) => Promise<ProxySettings>,
  lookup: Lookup,
): ThroughProxy {
  return async ({ namespace, name, reaches }, [destination], port) => {
    if (destination === undefined) throw new ProxyFailure("there is no address to connect to");
    try {
      const settings = await read(namespace, name);
      const socket = await dial(await reachableAddresses(settings.host, lookup, reaches), settings.port);
      const join = settings.type === "socks5" ? overSocks : overHttp;
      return await join(socket, settings, { host: destination.address, port });
    } catch (error) {
      if (error instanceof ProxyFailure) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new ProxyFailure(`Proxy "${name}" ${error instanceof Nowhere ? "cannot be reached" : "failed"}: ${why}`, {
        cause: error,
      });
    }
  };
}

interface Destination {
  host: string;
  port: number;
}

async function overSocks(socket: Socket, settings: ProxySettings, destination: Destination): Promise<Socket> {
  const { username, password } = settings;
  try {
    await SocksClient.createConnection({
      proxy: {
        host: settings.host,
        port: settings.port,
        type: 5,
        ...(username !== undefined && { userId: username, password: password ?? "" }),
      },
      command: "connect",
      destination,
      existing_socket: socket,
      timeout: DIAL_MILLISECONDS,
    });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function overHttp(socket: Socket, settings: ProxySettings, destination: Destination): Promise<Socket> {
  const { username, password = "" } = settings;
  const host = destination.host.includes(":") ? `[${destination.host}]` : destination.host;
  const authority = `${host}:${destination.port}`;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const asking = request({
    method: "CONNECT",
    path: authority,
    createConnection: () => socket,
    timeout: DIAL_MILLISECONDS,
    headers: {
      host: authority,
      ...(username !== undefined && {
        "proxy-authorization": `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
      }),
    },
  });
  asking.once("connect", ({ statusCode }, connected: Socket, head: Buffer) => {
    if (statusCode !== 200) return reject(new Error(`it answers ${statusCode}`));
    if (head.length > 0) connected.unshift(head);
    resolve(connected.setTimeout(0));
  });
  asking.once("response", ({ statusCode }) => reject(new Error(`it answers ${statusCode}`)));
  asking.once("timeout", () => reject(new Error("it does not answer in time")));
  asking.once("error", reject);
  asking.end();
  return promise.catch((error: unknown) => {
    socket.destroy();
    throw error;
  });
}
