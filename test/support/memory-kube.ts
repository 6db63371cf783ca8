import type { KubeObject, ResourceKind } from "../../src/api/meta.ts";
import { ApiError } from "../../src/kube/api-error.ts";
import type { Kube, ObjectName, WatchEvent, WatchOptions } from "../../src/kube/client.ts";

/** One request that reached the server, as `create pods a/b`. */
export type Call = string;

/**
 * A few objects in memory, for what needs fake time or failures on cue. Real behaviour is tested on a real API server;
 * this one knows versions, conflicts and preconditions, and nothing of schemas, defaults or field ownership.
 */
export class MemoryKube implements Kube {
  readonly objects = new Map<string, KubeObject>();
  readonly calls: Call[] = [];
  /** Called before each request; what it throws, or a promise that it returns, is the request's fate. */
  onCall: (call: Call, signal: AbortSignal | undefined) => void | Promise<void> = () => {};
  #version = 0;

  /** Stores an object as if someone else had made it. */
  put<T extends KubeObject>(kind: ResourceKind<T>, object: T): T {
    const stored = this.#stamp(object);
    this.objects.set(pathOf(kind, object.metadata), stored);
    return stored;
  }

  /** What is stored, for assertions. */
  peek<T extends KubeObject>(kind: ResourceKind<T>, name: ObjectName): T | undefined {
    return this.objects.get(pathOf(kind, name)) as T | undefined;
  }

  async get<T extends KubeObject>(
    kind: ResourceKind<T>,
    name: ObjectName,
    options: { signal?: AbortSignal } = {},
  ): Promise<T> {
    await this.#call("get", kind, name, options.signal);
    return this.#stored(kind, name);
  }

  async list<T extends KubeObject>(kind: ResourceKind<T>): Promise<{ items: T[]; resourceVersion: string }> {
    await this.#call("list", kind, { name: "" }, undefined);
    const items = [...this.objects]
      .filter(([path]) => path.startsWith(`${kind.plural} `))
      .map(([, object]) => object as T);
    return { items, resourceVersion: String(this.#version) };
  }

  async *watch<T extends KubeObject>(
    kind: ResourceKind<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, void> {
    await this.#call("watch", kind, { name: options.resourceVersion }, options.signal);
    yield { type: "BOOKMARK", resourceVersion: String(this.#version) };
  }

  async create<T extends KubeObject>(
    kind: ResourceKind<T>,
    object: T,
    options: { signal?: AbortSignal } = {},
  ): Promise<T> {
    await this.#call("create", kind, object.metadata, options.signal);
    if (this.peek(kind, object.metadata)) throw refused(409, "AlreadyExists", kind, object.metadata);
    return this.put(kind, object);
  }

  async replace<T extends KubeObject>(
    kind: ResourceKind<T>,
    object: T,
    options: { signal?: AbortSignal } = {},
  ): Promise<T> {
    await this.#call("replace", kind, object.metadata, options.signal);
    this.#checkVersion(kind, object.metadata);
    return this.put(kind, object);
  }

  async apply<T extends KubeObject>(
    kind: ResourceKind<T>,
    object: T,
    options: { subresource?: "status"; signal?: AbortSignal },
  ): Promise<T> {
    await this.#call(options.subresource ? "apply-status" : "apply", kind, object.metadata, options.signal);
    const stored = this.peek(kind, object.metadata);
    if (options.subresource && !stored) throw refused(404, "NotFound", kind, object.metadata);
    return this.put(kind, { ...stored, ...object, metadata: { ...stored?.metadata, ...object.metadata } });
  }

  async mergePatch<T extends KubeObject>(
    kind: ResourceKind<T>,
    name: ObjectName,
    patch: object,
    options: { signal?: AbortSignal } = {},
  ): Promise<T> {
    await this.#call("patch", kind, name, options.signal);
    const stored = this.#stored(kind, name);
    const { metadata, ...rest } = patch as Partial<KubeObject>;
    if (metadata?.resourceVersion !== undefined) this.#checkVersion(kind, { ...stored.metadata, ...metadata });
    return this.put(kind, { ...stored, ...rest, metadata: { ...stored.metadata, ...metadata } });
  }

  async delete(
    kind: ResourceKind,
    name: ObjectName,
    options: { uid?: string; signal?: AbortSignal } = {},
  ): Promise<void> {
    await this.#call("delete", kind, name, options.signal);
    const stored = this.peek(kind, name);
    if (stored && options.uid !== undefined && stored.metadata.uid !== options.uid)
      throw refused(409, "Conflict", kind, name);
    this.objects.delete(pathOf(kind, name));
  }

  async getPath<T>(path: string): Promise<T> {
    throw new Error(`Cannot get ${path}: there is nothing but objects`);
  }

  async #call(verb: string, kind: ResourceKind, name: ObjectName, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const call = `${verb} ${pathOf(kind, name)}`;
    this.calls.push(call);
    await this.onCall(call, signal);
  }

  #stored<T extends KubeObject>(kind: ResourceKind<T>, name: ObjectName): T {
    const stored = this.peek(kind, name);
    if (stored === undefined) throw refused(404, "NotFound", kind, name);
    return stored;
  }

  #checkVersion(kind: ResourceKind, { resourceVersion, ...name }: KubeObject["metadata"]): void {
    if (this.#stored(kind, name).metadata.resourceVersion !== resourceVersion)
      throw refused(409, "Conflict", kind, name);
  }

  #stamp<T extends KubeObject>(object: T): T {
    const resourceVersion = String(++this.#version);
    return {
      ...object,
      metadata: { ...object.metadata, uid: object.metadata.uid ?? `uid-${resourceVersion}`, resourceVersion },
    };
  }
}

/** A refusal as the API server words it. */
export function refused(status: number, reason: string, kind: ResourceKind, name: ObjectName): ApiError {
  return new ApiError("test", status, { reason, message: `${kind.plural} "${name.name}": ${reason}` });
}

function pathOf(kind: ResourceKind, { namespace, name }: ObjectName): string {
  return `${kind.plural} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}
