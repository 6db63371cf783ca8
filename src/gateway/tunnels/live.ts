import type { Sandbox } from "../../api/sandbox.ts";
import type { ChangeHandler } from "../../runtime/reflector.ts";
import { isAdmitted } from "./admit.ts";
import { openConnections } from "./metrics.ts";

/** A connection of a client to a sandbox. */
export interface LiveConnection {
  /** The client's address. */
  readonly client: string;
  /** Ends it at once. */
  cut: () => void;
}

/** Connections to one sandbox at once, by default. */
const mostPerSandbox = 2_048;

/** The connections that are open, by sandbox; each is cut when its sandbox has ended or admits its client no longer. */
export class LiveConnections {
  readonly #open = new Map<string, Set<LiveConnection>>();
  readonly #most: number;

  constructor(most: number = mostPerSandbox) {
    this.#most = most;
  }

  /** Keeps a connection until the function that is returned is called; `undefined` when the sandbox has too many. */
  add(sandbox: Sandbox, connection: LiveConnection): (() => void) | undefined {
    const uid = sandbox.metadata.uid ?? "";
    const open = this.#open.get(uid) ?? new Set();
    if (open.size >= this.#most) return undefined;
    this.#open.set(uid, open.add(connection));
    openConnections.inc();
    return () => {
      if (open.delete(connection)) openConnections.dec();
      if (open.size === 0 && this.#open.get(uid) === open) this.#open.delete(uid);
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
