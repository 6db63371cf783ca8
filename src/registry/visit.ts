import { z } from "zod";
import type { Dispatcher } from "undici";
import { parseChallenge, type Challenge } from "./challenge.ts";
import type { Credentials } from "./credentials.ts";
import { areRelated, endpointFor, leadsOn, type Endpoint, type RegistrySettings } from "./endpoint.ts";
import { registryReach } from "./reach.ts";
import type { ImageReference } from "./reference.ts";

export interface RegistryOptions extends RegistrySettings {
  /** Ranges of the cluster that are public addresses. */
  clusterCidrs: readonly string[];
}

/** Registries as they may be asked. */
export interface Registries extends AsyncDisposable {
  /** The registry of this image; `undefined` if it may not be asked. */
  visit(image: ImageReference, credentials: Credentials | undefined, signal: AbortSignal): Visit | undefined;
}

/** One image's registry, which is told who asks once it wants to know. */
export interface Visit {
  /** Its answer about `manifests/VERSION` or `blobs/DIGEST` of the image. Throws `NoLogin` where it wants a login that there is none for. */
  ask(method: "GET" | "HEAD", resource: string): Promise<Dispatcher.ResponseData>;
}

/** The registry wants a login, and there is none for it. */
export class NoLogin extends Error {
  override name = "NoLogin";
}

/** Not to be sent on, or not to be read further. */
class Forbidden extends Error {
  override name = "Forbidden";
}

const accept = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const maxRedirects = 3;
const maxTokenOctets = 64 << 10;
const tokenReply = z.object({ token: z.string().optional(), access_token: z.string().optional() });

/**
 * Asks registries by the OCI distribution specification, with its token authentication. Credentials go to the registry
 * itself and to hosts related to it, no others.
 */
export function registriesFor({ clusterCidrs, ...settings }: RegistryOptions): Registries {
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
    const text = await textOf(response, maxTokenOctets);
    if (response.statusCode === 401 || response.statusCode === 403) return undefined;
    // It may be busy or broken, which says nothing of the login.
    if (response.statusCode !== 200) throw new Error(`the token server answers ${response.statusCode}`);
    const reply = tokenReply.parse(JSON.parse(text));
    return reply.token ?? reply.access_token;
  };

  const visitAt = (
    endpoint: Endpoint,
    image: ImageReference,
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Visit => {
    const login = credentials && endpoint.own ? basic(credentials) : undefined;
    let authorization: string | undefined;

    const request = async (method: "GET" | "HEAD", resource: string): Promise<Dispatcher.ResponseData> => {
      const mirrored = endpoint.own ? "" : `?ns=${encodeURIComponent(image.host)}`;
      let url = new URL(`/v2/${image.repository}/${resource}${mirrored}`, endpoint.origin);
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

    return {
      async ask(method, resource) {
        const response = await request(method, resource);
        if (response.statusCode !== 401 || authorization !== undefined) return response;
        await response.body.dump();
        const challenge = parseChallenge(headerOf(response, "www-authenticate"));
        authorization = login;
        if (challenge?.scheme === "bearer") {
          const given = await token(challenge, image, endpoint, login, signal);
          authorization = given === undefined ? undefined : `Bearer ${given}`;
        }
        if (authorization === undefined) throw new NoLogin(`${image.host} wants a login`);
        return await request(method, resource);
      },
    };
  };

  return {
    visit(image, credentials, signal) {
      const endpoint = endpointFor(image.host, settings);
      if (endpoint === undefined || !URL.canParse(endpoint.origin)) return undefined;
      if (reach.to(new URL(endpoint.origin), endpoint) === undefined) return undefined;
      return visitAt(endpoint, image, credentials, signal);
    },
    [Symbol.asyncDispose]: () => reach[Symbol.asyncDispose](),
  };
}

type Headers = Record<string, string>;

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** A header of an answer, the first if there are several. */
export function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The body of an answer in pieces; throws when it is over `max` octets. */
export async function* octetsOf({ body }: Dispatcher.ResponseData, max: number): AsyncGenerator<Buffer, void, void> {
  let octets = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > max) throw new Forbidden(`the answer is over ${max} octets`);
    yield chunk;
  }
}

/** The whole body of an answer as text; throws when it is over `max` octets. */
export async function textOf(response: Dispatcher.ResponseData, max: number): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of octetsOf(response, max)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
