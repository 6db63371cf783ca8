import type { z } from "zod";
import { GROUP, VERSION } from "./constants.ts";

export type AccessResource = "sandboxes" | "sandboxapps" | "secrets" | "persistentvolumeclaims";

/** What requests are about: where it is in Kubernetes, and the parameter of a path that names the object. */
export const subjects: Readonly<Record<AccessResource, { group: string; version: string; parameter: string }>> = {
  sandboxes: { group: GROUP, version: VERSION, parameter: "id" },
  sandboxapps: { group: GROUP, version: VERSION, parameter: "app" },
  secrets: { group: "", version: "v1", parameter: "secret" },
  persistentvolumeclaims: { group: "", version: "v1", parameter: "volume" },
};

/** What SubjectAccessReview is asked about a request. */
export interface Access {
  verb: "create" | "get" | "list" | "watch" | "patch" | "update" | "delete";
  resource: AccessResource;
  subresource?: "exec" | "files" | "logs" | "tunnels";
}

/** What travels as a body: parsed JSON, raw octets, or one JSON value per line (NDJSON). */
export type Body =
  | { type: "json"; schema: z.ZodType }
  | { type: "octets"; contentType: string }
  | { type: "lines"; schema: z.ZodType };

/** What a connection carries that has become a WebSocket. */
export interface WebSocketUse {
  readonly protocol: string;
  /** What its messages are, in a sentence. */
  readonly messages: string;
}

/** Values as a client sends and receives them. */
export interface Example {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** One value, or for lines each of them. */
  readonly reply?: unknown;
}

/** One operation of the HTTP API. */
export interface Route {
  readonly summary: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `/v1`, with `{parameter}`s. */
  readonly path: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body?: Body;
  readonly reply: {
    status: number;
    body?: Body;
    /** What the headers of the API's own say, by name. */
    headers?: Readonly<Record<string, string>>;
    /** What follows in place of a body. */
    webSocket?: WebSocketUse;
  };
  readonly access: Access;
  readonly example: Example;
}

/** A JSON body of this schema. */
export function json<S extends z.ZodType>(schema: S): { readonly type: "json"; readonly schema: S } {
  return { type: "json", schema };
}

/** An NDJSON body whose lines have this schema. */
export function lines<S extends z.ZodType>(schema: S): { readonly type: "lines"; readonly schema: S } {
  return { type: "lines", schema };
}

/** A body of raw octets. */
export const octets = { type: "octets", contentType: "application/octet-stream" } as const;

/** A body that is a tar archive. */
export const tar = { type: "octets", contentType: "application/x-tar" } as const;

/** The reply after which the connection is a WebSocket of this subprotocol. */
export function webSocket(
  protocol: string,
  messages: string,
): { readonly status: 101; readonly webSocket: WebSocketUse } {
  return { status: 101, webSocket: { protocol, messages } };
}
