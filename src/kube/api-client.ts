import { apiVersionOf, type KubeObject, type ResourceKind } from "../api/meta.ts";
import { isNotFound } from "./api-error.ts";
import type { Kube, ListPage, WriteOptions } from "./client.ts";
import { asConnectionError, type ApiRequest, type Connection } from "./connection.ts";
import { pathOf } from "./path.ts";
import { watch } from "./watch.ts";

/** The Kubernetes API over a connection. */
export function kubeClient(connection: Connection): Kube {
  const call = async <T>(request: ApiRequest): Promise<T> => {
    const response = await connection.send(request);
    try {
      return (await response.body.json()) as T;
    } catch (cause) {
      throw asConnectionError(cause, `Cannot read the answer to ${request.method} ${request.path}`, request.signal);
    }
  };

  return {
    get: async (kind, name, options) => call({ method: "GET", path: pathOf(kind, name), signal: options?.signal }),

    async list<T extends KubeObject>(kind: ResourceKind<T>, options: Parameters<Kube["list"]>[1] = {}) {
      const { namespace, signal, ...query } = options;
      const path = pathOf(kind, { namespace, query });
      return pageOf(kind, await call<RawList<T>>({ method: "GET", path, signal }));
    },

    watch: (kind, options) => watch(connection, kind, options),

    create: async (kind, object, options) =>
      call({
        method: "POST",
        path: pathOf(kind, { namespace: object.metadata.namespace, query: writeQuery(options) }),
        body: typed(kind, object),
        signal: options?.signal,
      }),

    replace: async (kind, object, options) =>
      call({
        method: "PUT",
        path: pathOf(kind, { ...nameOf(object), query: writeQuery(options) }),
        body: typed(kind, object),
        signal: options?.signal,
      }),

    apply: async (kind, object, options) =>
      call({
        method: "PATCH",
        path: pathOf(kind, {
          ...nameOf(object),
          subresource: options.subresource,
          query: { ...writeQuery(options), force: true },
        }),
        contentType: "application/apply-patch+yaml",
        body: typed(kind, object),
        signal: options.signal,
      }),

    mergePatch: async (kind, name, patch, options) =>
      call({
        method: "PATCH",
        path: pathOf(kind, { ...name, subresource: options?.subresource, query: writeQuery(options) }),
        contentType: "application/merge-patch+json",
        body: patch,
        signal: options?.signal,
      }),

    async delete(kind, name, options) {
      const { uid, gracePeriodSeconds, propagationPolicy, signal } = options ?? {};
      const body = {
        apiVersion: "v1",
        kind: "DeleteOptions",
        ...(uid !== undefined && { preconditions: { uid } }),
        ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        ...(propagationPolicy !== undefined && { propagationPolicy }),
      };
      try {
        await call({ method: "DELETE", path: pathOf(kind, name), body, signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },

    getPath: (path, options) => call({ method: "GET", path, signal: options?.signal }),
  };
}

interface RawList<T> {
  items: T[] | null;
  metadata: { resourceVersion?: string; continue?: string };
}

/** Items of a list come without `apiVersion` and `kind`; here every object has them, as it does in a watch. */
function pageOf<T extends KubeObject>(kind: ResourceKind<T>, raw: RawList<T>): ListPage<T> {
  const items = (raw.items ?? []).map((item) => typed(kind, item));
  const next = raw.metadata.continue;
  return { items, resourceVersion: raw.metadata.resourceVersion ?? "", ...(next && { continue: next }) };
}

function typed<T extends KubeObject>(kind: ResourceKind<T>, object: T): T {
  return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind };
}

function nameOf({ metadata }: KubeObject): { namespace: string | undefined; name: string } {
  return { namespace: metadata.namespace, name: metadata.name };
}

function writeQuery(options: WriteOptions | undefined): Record<string, string | undefined> {
  return {
    dryRun: options?.dryRun ? "All" : undefined,
    fieldManager: options?.fieldManager,
    fieldValidation: options?.strict ? "Strict" : undefined,
  };
}
