import { SandkeepError } from "../../api/errors.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import type { Handlers } from "../server/bind.ts";
import { deadline } from "../sandboxes/deadline.ts";
import type { SandboxDirectory, SandboxName } from "../sandboxes/directory.ts";
import { isFinished } from "../sandboxes/life.ts";
import type { ReadLog } from "./read.ts";
import { sendLog } from "./send.ts";

/** Logs of sandboxes, from Kubernetes. */
export function logHandlers(directory: SandboxDirectory, readLog: ReadLog): Pick<Handlers, "readLogs"> {
  return {
    async readLogs({ params, query, signal, response }) {
      const { startTimeoutSeconds, ...part } = query;
      const name = { namespace: params.namespace, name: params.id };
      const sandbox = await oncePossible(directory, name, startTimeoutSeconds, signal);
      await sendLog(await readLog(sandbox, part, signal), response);
    },
  };
}

/** The sandbox, once it has started or ended. Throws `deadline_exceeded`. */
async function oncePossible(
  directory: SandboxDirectory,
  name: SandboxName,
  seconds: number,
  signal: AbortSignal,
): Promise<Sandbox> {
  const known = directory.known(name);
  // The store may still show an earlier sandbox of that name.
  const current = known && isFinished(known) ? await directory.fresh(name, signal) : known;
  if (current && hasLog(current)) return current;
  const late = () =>
    new SandkeepError(
      "deadline_exceeded",
      "sandbox",
      `Sandbox "${name.namespace}/${name.name}" did not start within ${seconds} s`,
    );
  const isMeant = ({ metadata }: Sandbox) => current === undefined || metadata.uid === current.metadata.uid;
  const reached = (sandbox: Sandbox) => isMeant(sandbox) && hasLog(sandbox);
  return await deadline(seconds, signal, late, (within) => directory.until(name, reached, within));
}

function hasLog(sandbox: Sandbox): boolean {
  return sandbox.status?.startedAt !== undefined || isFinished(sandbox);
}
