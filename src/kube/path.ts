import type { ResourceKind } from "../api/meta.ts";
import { ApiError } from "./api-error.ts";

export interface PathOptions {
  namespace?: string | undefined;
  name?: string | undefined;
  subresource?: string | undefined;
  /** Absent and empty values are left out. */
  query?: Record<string, string | number | boolean | undefined>;
}

/**
 * The URL path of a collection, an object or a subresource. Throws `ApiError` 400 for names that would lead elsewhere:
 * the API server refuses them too, but only after URL normalisation has turned `..` into another resource.
 */
export function pathOf(kind: ResourceKind, options: PathOptions = {}): string {
  const { namespace, name, subresource, query } = options;
  const segments = kind.group === "" ? ["api", kind.version] : ["apis", kind.group, kind.version];
  if (namespace !== undefined && kind.namespaced) segments.push("namespaces", checked(kind, namespace));
  segments.push(kind.plural);
  if (name !== undefined) segments.push(checked(kind, name));
  if (subresource !== undefined) segments.push(subresource);
  return `/${segments.map(encodeURIComponent).join("/")}${queryString(query)}`;
}

function checked(kind: ResourceKind, segment: string): string {
  if (segment !== "" && segment !== "." && segment !== ".." && !/[/%\0]/.test(segment)) return segment;
  const message = `Cannot address a ${kind.kind} as ${JSON.stringify(segment)}: that is not a name`;
  throw new ApiError(`${kind.plural} ${JSON.stringify(segment)}`, 400, { reason: "BadRequest", message });
}

function queryString(query: PathOptions["query"]): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "" && value !== false) parameters.set(key, String(value));
  }
  return parameters.size === 0 ? "" : `?${parameters.toString()}`;
}
