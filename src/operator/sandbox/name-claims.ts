import type { Sandbox } from "../../api/sandbox.ts";
import type { Store } from "../../runtime/store.ts";
import { nameKeyOf, type SandboxIndex } from "../world.ts";

/**
 * Who holds which `spec.name`. A claim is made in one step, so that of two sandboxes looked at together one gets it; it
 * lasts until its holder has finished or is gone.
 */
export class NameClaims {
  readonly #sandboxes: Store<Sandbox, SandboxIndex>;
  readonly #holders = new Map<string, string>();

  constructor(sandboxes: Store<Sandbox, SandboxIndex>) {
    this.#sandboxes = sandboxes;
  }

  /** Claims the sandbox's name for it; answers with the sandbox that has it already, if another has. */
  claim(sandbox: Sandbox): Sandbox | undefined {
    if (sandbox.spec.name === undefined || sandbox.status?.phase === "Finished") return undefined;
    const key = nameKeyOf(sandbox);
    const contenders = this.#sandboxes.by("name", key).filter(({ status }) => status?.phase !== "Finished");
    const holder =
      contenders.find(({ metadata }) => metadata.uid === this.#holders.get(key)) ?? firstOf(contenders) ?? sandbox;
    this.#holders.set(key, holder.metadata.uid ?? "");
    return holder.metadata.uid === sandbox.metadata.uid ? undefined : holder;
  }
}

/** Whoever runs already, as after a restart of the operator; else who came first. */
function firstOf(contenders: Sandbox[]): Sandbox | undefined {
  const running = contenders.find(({ status }) => status?.podName !== undefined);
  return running ?? contenders.toSorted((a, b) => createdAt(a) - createdAt(b))[0];
}

function createdAt({ metadata }: Sandbox): number {
  return Date.parse(metadata.creationTimestamp ?? "");
}
