import type { KubeObject, ResourceKind } from "../api/meta.ts";

/** Names one object; `namespace` is absent for cluster-scoped kinds. */
export interface ObjectName {
  namespace?: string;
  name: string;
}

export interface CallOptions {
  signal?: AbortSignal;
}

export interface ListOptions extends CallOptions {
  /** Absent: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
}

export interface ListPage<T> {
  items: T[];
  resourceVersion: string;
  /** Absent on the last page. */
  continue?: string;
}

export interface WatchOptions extends CallOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Events after this version; from a list or an earlier event. */
  resourceVersion: string;
  /** Called when the server has begun to answer. */
  opened?: () => void;
}

export type WatchEvent<T> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  | { type: "BOOKMARK"; resourceVersion: string };

export interface WriteOptions extends CallOptions {
  /** Nothing is stored; the answer says what would be. */
  dryRun?: boolean;
  fieldManager?: string;
  /** A field that the server does not know is refused rather than dropped. */
  strict?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** Deletes only this incarnation; another answers `conflict`. */
  uid?: string;
  gracePeriodSeconds?: number;
  propagationPolicy?: "Background" | "Foreground" | "Orphan";
}

/**
 * The Kubernetes API over one pooled connection. Objects are plain JSON as on the wire: times stay strings.
 * Every method rejects with `ApiError` when the server refuses, and with the signal's reason when aborted.
 */
export interface Kube {
  get<T extends KubeObject>(kind: ResourceKind<T>, name: ObjectName, options?: CallOptions): Promise<T>;
  /** One page; `listAll` follows `continue`. */
  list<T extends KubeObject>(kind: ResourceKind<T>, options?: ListOptions): Promise<ListPage<T>>;
  /** Ends when the server closes; throws `ApiError` with code 410 when `resourceVersion` is too old. */
  watch<T extends KubeObject>(kind: ResourceKind<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>, void, void>;
  create<T extends KubeObject>(kind: ResourceKind<T>, object: T, options?: WriteOptions): Promise<T>;
  /** PUT: `metadata.resourceVersion` guards against lost updates. */
  replace<T extends KubeObject>(kind: ResourceKind<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Server-side apply, forced; `subresource: "status"` for status. */
  apply<T extends KubeObject>(
    kind: ResourceKind<T>,
    object: T,
    options: WriteOptions & { fieldManager: string; subresource?: "status" },
  ): Promise<T>;
  /** JSON merge patch (RFC 7396). */
  mergePatch<T extends KubeObject>(
    kind: ResourceKind<T>,
    name: ObjectName,
    patch: object,
    options?: WriteOptions & { subresource?: "status" },
  ): Promise<T>;
  /** Resolves also when there was nothing to delete. */
  delete(kind: ResourceKind, name: ObjectName, options?: DeleteOptions): Promise<void>;
  /** GET of any path, parsed as JSON: `/version`, `/apis`. */
  getPath<T>(path: string, options?: CallOptions): Promise<T>;
}
