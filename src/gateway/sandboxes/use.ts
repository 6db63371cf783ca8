import type { Sandbox } from "../../api/sandbox.ts";
import { sleep } from "../../lib/sleep.ts";
import type { Log } from "../../log.ts";
import type { SendToAgent } from "../agent/send.ts";
import { isOver } from "./life.ts";

interface Use {
  /** What is under way now. */
  open: number;
  /** Whether something has been since the agent was told last. */
  untold: boolean;
}

/** More often than this an agent is not told, in milliseconds; for short idle timeouts, a quarter of them. */
const mostMilliseconds = 10_000;

/** Telling is given up after this long: the next time comes soon. */
const patienceMilliseconds = 10_000;

/**
 * Tells the agents of sandboxes that have an idle timeout of what passes them by on its way to a program inside, so that
 * neither a long request nor many short ones look like idleness.
 */
export class UseTeller {
  readonly #send: SendToAgent;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  readonly #current: (sandbox: Sandbox) => Sandbox | undefined;
  readonly #uses = new Map<string, Use>();

  /** Tells nobody any more once the signal is aborted. `current`: the sandbox as it is now, if it is still there. */
  constructor(
    send: SendToAgent,
    current: (sandbox: Sandbox) => Sandbox | undefined,
    { log, signal }: { log: Log; signal: AbortSignal },
  ) {
    this.#send = send;
    this.#current = current;
    this.#log = log;
    this.#signal = signal;
  }

  /** Counts the sandbox as used until the function that is returned is called. */
  begin(sandbox: Sandbox): () => void {
    const { metadata, spec } = sandbox;
    const { uid = "" } = metadata;
    if (spec.idleTimeoutSeconds === undefined) return () => {};
    const known = this.#uses.get(uid);
    const use = known ?? { open: 0, untold: true };
    use.open++;
    use.untold = true;
    if (known === undefined) {
      this.#uses.set(uid, use);
      const pause = Math.min(mostMilliseconds, spec.idleTimeoutSeconds * 250);
      void this.#tell(sandbox, use, pause).finally(() => this.#uses.delete(uid));
    }
    return () => {
      use.open--;
      use.untold = true;
    };
  }

  async #tell(sandbox: Sandbox, use: Use, pause: number): Promise<void> {
    const { namespace = "", name: id } = sandbox.metadata;
    const name = { namespace, name: id };
    while (!this.#signal.aborted && (use.open > 0 || use.untold) && this.#isThere(sandbox)) {
      use.untold = false;
      try {
        const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(patienceMilliseconds)]);
        const { body } = await this.#send(name, 0, { method: "POST", path: "/use", signal });
        body.destroy();
      } catch (error) {
        this.#log.debug({ error, ...name }, "cannot tell a sandbox that it is used");
      }
      await sleep(pause, this.#signal).catch(() => {});
    }
  }

  #isThere(sandbox: Sandbox): boolean {
    const current = this.#current(sandbox);
    return current !== undefined && !isOver(current);
  }
}
