import { SandkeepError } from "../../api/errors.ts";
import type { TunnelsView } from "../../api/routes/tunnels.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { deadline } from "../sandboxes/deadline.ts";
import type { SandboxDirectory } from "../sandboxes/directory.ts";
import { isOver, over } from "../sandboxes/life.ts";
import type { Handlers } from "../server/bind.ts";

/** Tells where tunnels are reached, and waits until they lead to the sandbox. */
export function tunnelHandlers(directory: SandboxDirectory): Pick<Handlers, "listTunnels"> {
  return {
    async listTunnels({ params, query, signal }): Promise<TunnelsView> {
      const name = { namespace: params.namespace, name: params.id };
      // The store may still show an earlier sandbox of that name.
      const known = directory.known(name);
      const current = known && isOver(known) ? await directory.fresh(name, signal) : known;
      const areOpen = (sandbox: Sandbox): boolean => {
        if ((sandbox.spec.tunnels ?? []).length === 0) return true;
        if (!isOver(sandbox)) return sandbox.status?.tunnels !== undefined;
        if (current === undefined || sandbox.metadata.uid === current.metadata.uid)
          throw over(sandbox, "reach a port of", new Date());
        return false;
      };
      if (current !== undefined && areOpen(current)) return viewOf(current);
      const late = () => notOpen(params.id, directory.known(name), query.timeoutSeconds);
      return viewOf(await deadline(query.timeoutSeconds, signal, late, (s) => directory.until(name, areOpen, s)));
    },
  };
}

function viewOf({ status }: Sandbox): TunnelsView {
  return { tunnels: status?.tunnels ?? [] };
}

function notOpen(id: string, sandbox: Sandbox | undefined, seconds: number): SandkeepError {
  const why = sandbox?.status?.conditions?.find(({ type }) => type === "Stalled")?.message;
  const message = `The tunnels of sandbox "${id}" did not open within ${seconds} s${why ? `: ${why}` : ""}`;
  return new SandkeepError("deadline_exceeded", "sandbox", message);
}
