import { createHash } from "node:crypto";
import { z } from "zod";
import type { Dispatcher } from "undici";
import { parseChallenge, type Challenge } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { areRelated, endpointFor, leadsOn, type Endpoint, type RegistrySettings } from "./endpoint.ts";
import { registryReach } from "./reach.ts";
import type { ImageReference } from "./reference.ts";

/** What a registry says of an image. `silent`: nothing that a registry would say, for whatever reason. */
export type Resolution = { kind: "found"; digest: string } | { kind: "absent" | "refused" | "not-allowed" | "silent" };

export interface ResolverOptions extends RegistrySettings {
  /** Ranges of the cluster that are public addresses. */
  clusterCidrs: readonly string[];
}

/** Looks images up in registries. */
export interface ImageResolver extends AsyncDisposable {
  resolve(image: ImageReference, credentials: Credentials | undefined, signal: AbortSignal): Promise<Resolution>;
}

const accept = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const milliseconds = 15_000;
const maxRedirects = 3;
const maxManifestOctets = 4 << 20;
const maxTokenOctets = 64 << 10;
const digestPattern = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const tokenReply = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/**
 * Asks registries by the OCI distribution specification, with its token authentication. Nothing of what answers is handed
 * on but a digest. Credentials go to the registry itself and to hosts related to it, no others.
 */
export function imageResolver({ clusterCidrs, ...settings }: ResolverOptions): ImageResolver {
  const reach = registryReach(settings, clusterCidrs);

  const send = async (method: "GET" | "HEAD", url: URL, endpoint: Endpoint, headers: Headers, signal: AbortSignal) => {
    const dispatcher = leadsOn(url, endpoint, settings) ? reach.to(url, endpoint) : undefined;
    if (dispatcher === undefined) throw new Forbidden("a request may not go there");
    return await dispatcher.request({
      method,
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      headers,
      signal,
    });
  };

  const manifest = async (
    method: "GET" | "HEAD",
    image: ImageReference,
    endpoint: Endpoint,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> => {
    const mirrored = endpoint.own ? "" : `?ns=${encodeURIComponent(image.host)}`;
    let url = new URL(`/v2/${image.repository}/manifests/${image.version}${mirrored}`, endpoint.origin);
    for (let redirects = 0; ; redirects++) {
      const atHome = url.origin === endpoint.origin;
      const headers = { accept, ...(authorization !== undefined && atHome && { authorization }) };
      const response = await send(method, url, endpoint, headers, signal);
      const { location } = response.headers;
      if (response.statusCode < 300 || response.statusCode >= 400) return response;
      await response.body.dump();
      if (typeof location !== "string" || redirects === maxRedirects) throw new Forbidden("a redirect leads nowhere");
      url = new URL(location, url);
    }
  };

  const token = async (
    challenge: Extract<Challenge, { scheme: "bearer" }>,
    image: ImageReference,
    endpoint: Endpoint,
    login: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> => {
    const realm = new URL(challenge.realm);
    if (challenge.service !== undefined) realm.searchParams.set("service", challenge.service);
    realm.searchParams.set("scope", challenge.scope ?? `repository:${image.repository}:pull`);
    const related = areRelated(new URL(endpoint.origin).hostname, realm.hostname);
    const headers = login !== undefined && related ? { authorization: login } : {};
    const response = await send("GET", realm, endpoint, headers, signal);
    const chunks: Buffer[] = [];
    for await (const chunk of octetsOf(response, maxTokenOctets)) chunks.push(chunk);
    if (response.statusCode !== 200) return undefined;
    const reply = tokenReply.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
    return reply.token ?? reply.access_token;
  };

  const ask = async (
    image: ImageReference,
    endpoint: Endpoint,
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<Resolution> => {
    const login = credentials && endpoint.own ? basic(credentials) : undefined;
    let authorization: string | undefined;
    let response = await manifest("HEAD", image, endpoint, undefined, signal);
    if (response.statusCode === 401) {
      await response.body.dump();
      const challenge = parseChallenge(headerOf(response, "www-authenticate"));
      authorization = login;
      if (challenge?.scheme === "bearer") {
        const given = await token(challenge, image, endpoint, login, signal);
        authorization = given === undefined ? undefined : `Bearer ${given}`;
      }
      if (authorization === undefined) return { kind: "refused" };
      response = await manifest("HEAD", image, endpoint, authorization, signal);
    }
    await response.body.dump();
    if (response.statusCode === 404) return { kind: "absent" };
    if (response.statusCode === 401 || response.statusCode === 403) return { kind: "refused" };
    if (response.statusCode !== 200) return { kind: "silent" };
    const told = headerOf(response, "docker-content-digest");
    const digest = told ?? (await computed(await manifest("GET", image, endpoint, authorization, signal)));
    const meant = !image.version.includes(":") || image.version === digest;
    return meant && digestPattern.test(digest) ? { kind: "found", digest } : { kind: "silent" };
  };

  return {
    async resolve(image, credentials, signal) {
      const endpoint = endpointFor(image.host, settings);
      if (endpoint === undefined || !URL.canParse(endpoint.origin)) return { kind: "not-allowed" };
      if (reach.to(new URL(endpoint.origin), endpoint) === undefined) return { kind: "not-allowed" };
      try {
        const inTime = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
        return await ask(image, endpoint, credentials, inTime);
      } catch {
        signal.throwIfAborted();
        // Neither whether a name exists nor what is behind it is to be learned from the error.
        return { kind: "silent" };
      }
    },
    [Symbol.asyncDispose]: () => reach[Symbol.asyncDispose](),
  };
}

type Headers = Record<string, string>;

/** Not to be sent on. */
class Forbidden extends Error {
  override name = "Forbidden";
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The digest of a manifest, of which no more than a piece is held at a time; empty if there is none. */
async function computed(response: Dispatcher.ResponseData): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of octetsOf(response, maxManifestOctets)) hash.update(chunk);
  return response.statusCode === 200 ? `sha256:${hash.digest("hex")}` : "";
}

async function* octetsOf({ body }: Dispatcher.ResponseData, max: number): AsyncGenerator<Buffer, void, void> {
  let octets = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > max) throw new Forbidden(`the answer is over ${max} octets`);
    yield chunk;
  }
}
