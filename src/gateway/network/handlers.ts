import type { Decision, DecisionList } from "../../api/decision.ts";
import { SandkeepError } from "../../api/errors.ts";
import type { SandboxDirectory } from "../sandboxes/directory.ts";
import type { Handlers } from "../server/bind.ts";
import type { AskDecisions } from "./egress-client.ts";

/** What the egress part decided; `ask` is absent where that is not installed. */
export function networkHandlers(
  directory: Pick<SandboxDirectory, "find">,
  ask: AskDecisions | undefined,
): Pick<Handlers, "readDecisions"> {
  return {
    async readDecisions({ params, signal }) {
      const { metadata } = await directory.find({ namespace: params.namespace, name: params.id }, signal);
      if (ask === undefined) {
        throw new SandkeepError(
          "failed_precondition",
          "sandbox",
          "Cannot read decisions: the egress part is not installed. Ask an administrator to set egress.enabled of the chart",
        );
      }
      try {
        return merged(await ask(metadata.uid ?? "", signal));
      } catch (cause) {
        signal.throwIfAborted();
        throw new SandkeepError("unavailable", "sandbox", "Cannot read decisions: the egress part does not answer", {
          cause,
        });
      }
    },
  };
}

/** What all replicas know together; decisions that are alike are one. */
export function merged(lists: readonly DecisionList[]): DecisionList {
  const alike = new Map<string, Decision>();
  for (const decision of lists.flatMap(({ decisions }) => decisions)) {
    const { verdict, protocol, host, port, reason } = decision;
    const key = JSON.stringify([verdict, protocol, host, port, reason]);
    const other = alike.get(key);
    const later = other === undefined || decision.time > other.time ? decision : other;
    alike.set(key, { ...later, count: decision.count + (other?.count ?? 0) });
  }
  const sum = (count: (list: DecisionList) => number): number => lists.reduce((total, list) => total + count(list), 0);
  return {
    decisions: [...alike.values()].toSorted((one, other) => (one.time < other.time ? 1 : -1)),
    allowed: sum(({ allowed }) => allowed),
    denied: sum(({ denied }) => denied),
    failed: sum(({ failed }) => failed),
  };
}
