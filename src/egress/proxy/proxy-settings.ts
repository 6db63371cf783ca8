import type { Kube } from "../../kube/client.ts";
import { isNotFound } from "../../kube/api-error.ts";
import { SECRET, type Secret } from "../../kube/objects.ts";
import { PROXY_SECRET_TYPE } from "../../api/constants.ts";
import { Recent } from "../../lib/recent.ts";

/** That a proxy is not there, or did not connect; the message has no credentials. */
export class ProxyFailure extends Error {
  override name = "ProxyFailure";
}

/** A proxy outside of the cluster, and as whom to use it. */
export interface ProxySettings {
  type: "socks5" | "http";
  host: string;
  port: number;
  username?: string;
  password?: string;
}

/** Reads proxies from the Secrets that hold them; an answer is up to 10 s old. Throws `ProxyFailure` for one that is none. */
export function proxyReader(kube: Kube): (namespace: string, name: string) => Promise<ProxySettings> {
  const recent = new Recent<ProxySettings>({ milliseconds: 10_000, max: 1024 });
  const read = async (namespace: string, name: string): Promise<ProxySettings> => {
    try {
      return proxySettings(await kube.get(SECRET, { namespace, name }));
    } catch (error) {
      if (isNotFound(error)) throw new ProxyFailure(`There is no Secret "${name}" with a proxy`);
      throw error;
    }
  };
  return async (namespace, name) => recent.get(`${namespace}/${name}`, () => read(namespace, name));
}

/**
 * The proxy in a Secret of type `sandkeep.dev/proxy`: `url` is `socks5://host:port` or `http://host:port`; `username` and
 * `password`, if it wants them. A Secret of another type was not meant to be used here.
 */
export function proxySettings({ metadata, type, data = {} }: Secret): ProxySettings {
  const text = (key: string): string | undefined =>
    data[key] === undefined ? undefined : Buffer.from(data[key], "base64").toString().trim();
  if (type !== PROXY_SECRET_TYPE) {
    throw new ProxyFailure(`Secret "${metadata.name}" is no proxy: its type has to be ${PROXY_SECRET_TYPE}`);
  }
  const url = URL.parse(text("url") ?? "");
  const kind = url && ({ "socks5:": "socks5", "http:": "http" } as const)[url.protocol];
  if (!url?.hostname || !kind || url.username !== "" || url.password !== "") {
    throw new ProxyFailure(
      `Secret "${metadata.name}" needs a url such as socks5://proxy.example.com:1080 or http://proxy.example.com:3128, ` +
        "with username and password beside it",
    );
  }
  const username = text("username");
  const password = text("password");
  return {
    type: kind,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (kind === "socks5" ? 1080 : 80)),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
}
