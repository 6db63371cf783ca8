import type { LinkPool } from "../../agent-link/pool.ts";
import type { Sandbox } from "../../api/sandbox.ts";

/**
 * Has a sandbox that is being terminated end at once where a link to its agent is open: Kubernetes takes a while to send
 * its signal. With a grace period that is left to Kubernetes, whose time counts. Whether it succeeds does not matter.
 */
export function hastener(pool: Pick<LinkPool, "opened">): (sandbox: Sandbox) => void {
  return ({ metadata, spec, status }) => {
    if (spec.terminationGracePeriodSeconds > 0) return;
    const { name, namespace = "", uid = "" } = metadata;
    const link = pool.opened({ namespace, pod: status?.podName ?? name, uid });
    void link?.request({ method: "POST", path: "/terminate" }).then(
      ({ body }) => body.destroy(),
      () => {},
    );
  };
}
