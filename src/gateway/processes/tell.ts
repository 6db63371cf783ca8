import { processStarted } from "../../api/process-event.ts";
import { SANDBOX } from "../../api/sandbox.ts";
import { Allowance } from "../../lib/allowance.ts";
import type { EventRecorder } from "../../runtime/events.ts";
import { droppedEvents } from "../../runtime/metrics.ts";
import type { SandboxDirectory, SandboxName } from "../sandboxes/directory.ts";

/** Told of each process that was started, by what it was started with. */
export type TellStart = (name: SandboxName, command: readonly string[]) => void;

/** Events of one sandbox: enough to follow an agent at work, too little to fill the API server's store. */
const rate = { burst: 20, refillMilliseconds: 5_000, most: 4096 };

/** Records an Event for each process that is started in a sandbox with `verbose`, at a bounded rate for each sandbox. */
export function startTeller(
  directory: Pick<SandboxDirectory, "known">,
  recorder: Pick<EventRecorder, "record">,
): TellStart {
  const allowance = new Allowance(rate);
  return (name, command) => {
    const sandbox = directory.known(name);
    if (sandbox?.spec.verbose !== true) return;
    if (allowance.take(sandbox.metadata.uid ?? "")) recorder.record(SANDBOX, sandbox, processStarted(command));
    else droppedEvents.inc();
  };
}
