import { kubeClient } from "../../src/kube/api-client.ts";
import { connect } from "../../src/kube/connection.ts";
import { NAMESPACE } from "../../src/kube/objects.ts";
import { createAccount, tokenOf, untilMay } from "./account.ts";
import type { Installed } from "./installed.ts";

/** Makes the namespace and an account `user` with this role of Kubernetes in it; a token for the gateway, for so many seconds. */
export async function newUser(
  { kubeconfig }: Installed,
  namespace: string,
  role: "edit" | "view",
  seconds = 3600,
): Promise<string> {
  await using connection = connect({ kubeconfig });
  const kube = kubeClient(connection);
  const user = { namespace, name: "user" };
  await kube.create(NAMESPACE, { metadata: { name: namespace } });
  await createAccount(kube, user, { kind: "ClusterRole", name: role });
  await untilMay(kube, user, { verb: "list", group: "sandkeep.dev", resource: "sandboxes" });
  return await tokenOf(connection, user, ["sandkeep"], seconds);
}
