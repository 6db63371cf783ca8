import { createHash, randomInt } from "node:crypto";
import { ANNOTATIONS, API_VERSION, DEFAULT_TTL_SECONDS_AFTER_FINISHED } from "../../api/constants.ts";
import { SandkeepError } from "../../api/errors.ts";
import type { CreateSandbox } from "../../api/sandbox-http.ts";
import type { Sandbox, SandboxSpec } from "../../api/sandbox.ts";
import type { NodeLogin } from "../images/login.ts";
import { ownSecretName } from "./own-secrets.ts";

/** Whoever made a sandbox over HTTP may still be on the way to read what a short command wrote. */
const lingerSeconds = 5;

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";

interface Circumstances {
  namespace: string;
  username: string;
  idempotencyKey?: string;
  /** How nodes log in to the image's registry. */
  login?: NodeLogin;
}

/**
 * The object to store for a request to create a sandbox. Under an `Idempotency-Key` its name, if made up, is always the
 * same.
 */
export function sandboxFor(
  request: CreateSandbox,
  { namespace, username, idempotencyKey, login }: Circumstances,
): Sandbox {
  const { name, labels, annotations, spec, secretValues } = request;
  const id = name ?? (idempotencyKey === undefined ? randomName() : keyedName(namespace, username, idempotencyKey));
  const keyed = idempotencyKey !== undefined && {
    [ANNOTATIONS.requestHash]: requestHash(username, idempotencyKey, request),
  };
  return {
    apiVersion: API_VERSION,
    kind: "Sandbox",
    metadata: {
      name: id,
      namespace,
      ...(labels && { labels }),
      annotations: { [ANNOTATIONS.lingerSeconds]: String(lingerSeconds), ...annotations, ...keyed },
    },
    spec: {
      ttlSecondsAfterFinished: DEFAULT_TTL_SECONDS_AFTER_FINISHED,
      ...spec,
      ...(secretValues && {
        envFrom: [...(spec.envFrom ?? []), { secretRef: { name: ownSecretName(id, "env") } }],
      }),
      ...(login && { imagePullSecrets: withPullSecret(spec.imagePullSecrets, login, id) }),
    },
  };
}

/** The Secret comes last. */
function withPullSecret(given: SandboxSpec["imagePullSecrets"] = [], login: NodeLogin, id: string): { name: string }[] {
  const name = "secretName" in login ? login.secretName : ownSecretName(id, "pull");
  return [...given.filter((other) => other.name !== name), { name }];
}

/** Reads the header `Idempotency-Key`; throws `invalid_argument` unless it is 1 to 255 visible ASCII characters. */
export function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === "string" && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new SandkeepError("invalid_argument", "request", "Idempotency-Key must be 1 to 255 visible ASCII characters");
}

/** Whether a stored sandbox is the one that the same request made before. */
export function isFromSameRequest(stored: Sandbox, wanted: Sandbox): boolean {
  const hash = wanted.metadata.annotations?.[ANNOTATIONS.requestHash];
  return hash !== undefined && stored.metadata.annotations?.[ANNOTATIONS.requestHash] === hash;
}

/** 62 bits: no two in a namespace meet by chance. */
function randomName(): string {
  return `sbx-${Array.from({ length: 12 }, () => alphabet[randomInt(alphabet.length)]).join("")}`;
}

function keyedName(namespace: string, username: string, key: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([namespace, username, key]))
    .digest("hex");
  return `sbx-${hash.slice(0, 32)}`;
}

/**
 * User and key count too: a request may name its sandbox, and another's of that name is not its own. Secret values do not
 * count, only their names: whoever reads the hash could try values out.
 */
function requestHash(username: string, key: string, { secretValues, ...request }: CreateSandbox): string {
  const secrets = secretValues && Object.keys(secretValues).toSorted();
  return createHash("sha256")
    .update(JSON.stringify([username, key, sorted({ ...request, secrets })]))
    .digest("hex");
}

/** The same value with the members of its objects in order, so that how a client orders them does not matter. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, sorted(member)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
