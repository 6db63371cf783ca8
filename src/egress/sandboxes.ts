import { FIELD_MANAGER, LABELS, POD_ANNOTATIONS } from "../api/constants.ts";
import { SANDBOX, type Sandbox } from "../api/sandbox.ts";
import type { Kube } from "../kube/client.ts";
import { POD, type Pod } from "../kube/objects.ts";
import type { Log } from "../log.ts";
import { Reflector } from "../runtime/reflector.ts";
import type { Store } from "../runtime/store.ts";
import type { Client, Clients } from "./client.ts";
import { accessOf } from "./rule/access.ts";
import type { Reach } from "./rule/reach.ts";

export type PodSource = Pick<Reflector<Pod, "address">, "store" | "subscribe" | "silence">;
export type SandboxSource = Pick<Reflector<Sandbox>, "store" | "subscribe" | "silence">;

/** The Pods of sandboxes by their addresses, of which no more is kept than tells whose they are. */
export function podReflector(kube: Kube, log: Log): Reflector<Pod, "address"> {
  const labelSelector = `${LABELS.managedBy}=${FIELD_MANAGER},${LABELS.sandbox}`;
  return new Reflector<Pod, "address">(kube, POD, {
    labelSelector,
    keep: addressed,
    indexes: { address: addressesOf },
    log,
  });
}

/** All sandboxes, of which no more is kept than what they may reach. */
export function sandboxReflector(kube: Kube, log: Log): Reflector<Sandbox> {
  return new Reflector(kube, SANDBOX, { keep: ({ metadata, spec: { network } }) => slim(metadata, network), log });
}

/** How long a Pod whose address is not known yet is waited for; DNS clients ask again after five seconds. */
const patience = 4_000;

/**
 * For so long the API server may be silent: it says something about once a minute, and a stream that is silent for 90 s is
 * begun anew. After that rules may have changed, and addresses may be others'.
 */
const mostSilence = 100_000;

/** Finds sandboxes by the addresses of their Pods. An address that two Pods have is nobody's. */
export class SandboxClients implements Clients {
  readonly #sources: readonly Pick<PodSource | SandboxSource, "silence">[];
  readonly #pods: Store<Pod, "address">;
  readonly #sandboxes: Store<Sandbox>;
  readonly #reach: Reach;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(pods: PodSource, sandboxes: SandboxSource, reach: Reach) {
    this.#sources = [pods, sandboxes];
    this.#pods = pods.store;
    this.#sandboxes = sandboxes.store;
    this.#reach = reach;
    pods.subscribe(({ object }) => {
      for (const address of object === undefined ? [] : addressesOf(object)) this.#wake(address);
    });
    // A sandbox that is known only after its Pod: which address that has is not worth an index.
    sandboxes.subscribe(({ previous }) => {
      if (previous === undefined) for (const address of this.#waiting.keys()) this.#wake(address);
    });
  }

  /** Whether what is known may no longer be so. */
  get isStale(): boolean {
    return this.#sources.some(({ silence }) => silence > mostSilence);
  }

  async at(address: string): Promise<Client | undefined> {
    if (this.isStale) throw new Error("Cannot tell whose an address is: the API server is silent");
    return this.#find(address) ?? (await this.#appears(address));
  }

  now(address: string, uid: string): Client | undefined {
    const client = this.isStale ? undefined : this.#find(address);
    return client?.uid === uid ? client : undefined;
  }

  #find(address: string): Client | undefined {
    const [pod, ...others] = this.#pods.by("address", address);
    if (pod === undefined || others.length > 0) return undefined;
    const { namespace = "", labels = {}, annotations = {}, ownerReferences = [] } = pod.metadata;
    const name = labels[LABELS.sandbox] ?? "";
    const sandbox = this.#sandboxes.get(`${namespace}/${name}`);
    const uid = sandbox?.metadata.uid;
    if (sandbox === undefined || uid === undefined || ownerReferences.every((owner) => owner.uid !== uid))
      return undefined;
    const reaches = this.#reach.for(annotations[POD_ANNOTATIONS.classTerms]);
    if (reaches === undefined) return undefined;
    return { uid, namespace, name, access: accesses(sandbox), reaches };
  }

  async #appears(address: string): Promise<Client | undefined> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(address) ?? new Set();
    this.#waiting.set(address, waiting.add(resolve));
    const late = setTimeout(resolve, patience);
    try {
      await promise;
      return this.#find(address);
    } finally {
      clearTimeout(late);
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(address);
    }
  }

  #wake(address: string): void {
    for (const wake of this.#waiting.get(address) ?? []) wake();
  }
}

const known = new WeakMap<Sandbox, ReturnType<typeof accessOf>>();

/** Each object of the store is read once. */
function accesses(sandbox: Sandbox): ReturnType<typeof accessOf> {
  const access = known.get(sandbox) ?? accessOf(sandbox.spec.network);
  known.set(sandbox, access);
  return access;
}

/** Of a Pod that is still up; the addresses of others may be somebody else's by now. */
function addressesOf({ status }: Pod): string[] {
  return status?.podIPs?.map(({ ip }) => ip) ?? [];
}

function addressed({ metadata, status }: Pod): Pod {
  const { labels, annotations, ownerReferences } = metadata;
  const isUp = status?.phase === "Pending" || status?.phase === "Running";
  const terms = annotations?.[POD_ANNOTATIONS.classTerms];
  return {
    metadata: {
      ...identity(metadata),
      labels: { [LABELS.sandbox]: labels?.[LABELS.sandbox] ?? "" },
      ...(terms !== undefined && { annotations: { [POD_ANNOTATIONS.classTerms]: terms } }),
      ...(ownerReferences !== undefined && { ownerReferences }),
    },
    ...(isUp && status.podIPs !== undefined && { status: { podIPs: status.podIPs } }),
  };
}

function slim(metadata: Sandbox["metadata"], network: Sandbox["spec"]["network"]): Sandbox {
  return { metadata: identity(metadata), spec: { ...(network !== undefined && { network }) } } as Sandbox;
}

function identity({ name, namespace, uid, resourceVersion }: Pod["metadata"]): Pod["metadata"] {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}
