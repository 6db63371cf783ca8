import type { AgentProxy } from "../agent/proxy.ts";
import type { Handlers } from "../server/bind.ts";

/** Volumes as a sandbox has them mounted; its agent answers for these. */
export function mountedVolumeHandlers({ forward }: Pick<AgentProxy, "forward">): Pick<Handlers, "reloadVolumes"> {
  return {
    reloadVolumes(call) {
      const { timeoutSeconds } = call.query;
      const path = `/volumes/reload?timeoutSeconds=${timeoutSeconds}`;
      return forward(call, path, { waitMilliseconds: timeoutSeconds * 1000 });
    },
  };
}
