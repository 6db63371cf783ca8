import { gatewayPort } from "../../api/class/tunnels.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Reflector } from "../../runtime/reflector.ts";

/** Milliseconds for which a port that a sandbox had goes to no other namespace: clients may not have heard yet that it has ended. */
export const quarantine = 180_000;

/** The ports for what is not encrypted that sandboxes were told are theirs, or were a short while ago. */
export class ToldPorts {
  readonly #sandboxes: Pick<Reflector<Sandbox, "tcpPort">, "store">["store"];
  /** When they were seen to be freed, and in which namespace. */
  readonly #freed = new Map<number, { at: number; namespace: string | undefined }>();

  constructor(sandboxes: Pick<Reflector<Sandbox, "tcpPort">, "store" | "subscribe">) {
    this.#sandboxes = sandboxes.store;
    sandboxes.subscribe(({ object, previous }) => {
      const left = object === undefined ? [] : toldPorts(object);
      for (const port of previous === undefined ? [] : toldPorts(previous))
        if (!left.includes(port))
          this.#freed.set(port, { at: performance.now(), namespace: previous?.metadata.namespace });
    });
  }

  /** Whether no sandbox of this namespace may be given this port. */
  isTaken(port: number, namespace: string | undefined): boolean {
    if (this.#isKept(port) && this.#freed.get(port)?.namespace !== namespace) return true;
    return this.#sandboxes.by("tcpPort", String(port)).length > 0;
  }

  /** The ports that a short while ago were this namespace's, and no other's yet; some may be told again already. */
  keptFor(namespace: string | undefined): number[] {
    return [...this.#freed.keys()].filter(
      (port) => this.#isKept(port) && this.#freed.get(port)?.namespace === namespace,
    );
  }

  #isKept(port: number): boolean {
    const freed = this.#freed.get(port);
    if (freed !== undefined && performance.now() - freed.at < quarantine) return true;
    this.#freed.delete(port);
    return false;
  }

  /** Whether one of the sandbox's ports is that of one which is older: of two that were told the same, the later gives way. */
  isContested(sandbox: Sandbox): boolean {
    const rivals = toldPorts(sandbox).flatMap((port) => this.#sandboxes.by("tcpPort", String(port)));
    return rivals.some((other) => other.metadata.uid !== sandbox.metadata.uid && age(other) < age(sandbox));
  }
}

/** The ports of the gateway for what is not encrypted that a sandbox was told are its own. */
export function toldPorts({ status }: Sandbox): number[] {
  return (status?.tunnels ?? []).flatMap((tunnel) => gatewayPort(tunnel) ?? []);
}

/** Less is older; no two are as old. */
function age({ metadata: { creationTimestamp = "", uid = "" } }: Sandbox): string {
  return `${creationTimestamp} ${uid}`;
}
