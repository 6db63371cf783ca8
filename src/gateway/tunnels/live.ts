import type { Sandbox } from "../../api/sandbox.ts";
import type { ChangeHandler } from "../../runtime/reflector.ts";
import { isAdmitted } from "./admit.ts";
import { openConnections } from "./metrics.ts";

/** A connection of a client to a sandbox. */
export interface LiveConnection {
  /** The client's address; `undefined` for one that speaks for clients. */
  readonly client: string | undefined;
  /** Ends it at once. */
  cut: () => void;
}

/** Connections to one sandbox at once, by default. */
const mostPerSandbox = 2_048;

/** To all sandboxes of a namespace: half of what a replica takes. */
const mostPerNamespace = 4_096;

/** The connections that are open, by sandbox; each is cut when its sandbox has ended or admits its client no longer. */
export class LiveConnections {
  readonly #open = new Map<string, Set<LiveConnection>>();
  readonly #namespaces = new Map<string, number>();
  readonly #most: { sandbox: number; namespace: number };

  constructor(most: { sandbox: number; namespace: number } = { sandbox: mostPerSandbox, namespace: mostPerNamespace }) {
    this.#most = most;
  }

  /** Keeps a connection until the function that is returned is called; `undefined` when sandbox or namespace have too many. */
  add(sandbox: Sandbox, connection: LiveConnection): (() => void) | undefined {
    const { uid = "", namespace = "" } = sandbox.metadata;
    const open = this.#open.get(uid) ?? new Set();
    const ofNamespace = this.#namespaces.get(namespace) ?? 0;
    if (open.size >= this.#most.sandbox || ofNamespace >= this.#most.namespace) return undefined;
    this.#open.set(uid, open.add(connection));
    this.#namespaces.set(namespace, ofNamespace + 1);
    openConnections.inc();
    return () => {
      if (!open.delete(connection)) return;
      openConnections.dec();
      if (open.size === 0 && this.#open.get(uid) === open) this.#open.delete(uid);
      const left = (this.#namespaces.get(namespace) ?? 1) - 1;
      if (left === 0) this.#namespaces.delete(namespace);
      else this.#namespaces.set(namespace, left);
    };
  }

  /** Looks at the connections of a sandbox that has changed. */
  readonly review: ChangeHandler<Sandbox> = ({ object, previous }) => {
    if (previous !== undefined && object?.metadata.uid !== previous.metadata.uid) this.#cut(previous);
    if (object !== undefined) this.#cut(object, ({ client }) => !isAdmitted(object, client));
  };

  #cut({ metadata }: Sandbox, isMeant: (connection: LiveConnection) => boolean = () => true): void {
    for (const connection of this.#open.get(metadata.uid ?? "") ?? []) if (isMeant(connection)) connection.cut();
  }
}
