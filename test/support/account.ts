import type { KubeObject, ResourceKind } from "../../src/api/meta.ts";
import type { Kube } from "../../src/kube/client.ts";
import type { Connection } from "../../src/kube/connection.ts";
import { SERVICE_ACCOUNT, SUBJECT_ACCESS_REVIEW } from "../../src/kube/objects.ts";
import { waitFor } from "./wait-for.ts";

interface RoleBinding extends KubeObject {
  roleRef: { apiGroup: string; kind: string; name: string };
  subjects: { kind: string; name: string; namespace: string }[];
}

const rbac = { group: "rbac.authorization.k8s.io", version: "v1" };

const ROLE_BINDING: ResourceKind<RoleBinding> = {
  ...rbac,
  kind: "RoleBinding",
  plural: "rolebindings",
  namespaced: true,
};

/** A service account, as which a test acts. */
export interface Account {
  namespace: string;
  name: string;
}

/** Something that a role lets its holders do, in the account's own namespace unless another is named. */
export interface Right {
  namespace?: string;
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
  name?: string;
}

/** A role of the account's namespace or of the cluster. */
interface RoleName {
  kind: "Role" | "ClusterRole";
  name: string;
}

/** Makes the account, and binds it to the role. */
export async function createAccount(kube: Kube, account: Account, role: RoleName): Promise<void> {
  await kube.create(SERVICE_ACCOUNT, { metadata: account });
  await bind(kube, account, role);
}

/** Gives the account, in its namespace, what the role gives. */
export async function bind(kube: Kube, account: Account, role: RoleName): Promise<void> {
  await kube.create(ROLE_BINDING, {
    metadata: account,
    roleRef: { apiGroup: rbac.group, ...role },
    subjects: [{ kind: "ServiceAccount", ...account }],
  });
}

/** Resolves once the account has the right: an API server hears of roles and bindings a moment after it has stored them. */
export async function untilMay(kube: Kube, { namespace, name }: Account, right: Right): Promise<void> {
  const user = `system:serviceaccount:${namespace}:${name}`;
  await waitFor(`${user} to have its rights`, async () => {
    const spec = { user, resourceAttributes: { namespace, ...right } };
    const { status } = await kube.create(SUBJECT_ACCESS_REVIEW, { metadata: { name: "" }, spec });
    return status?.allowed === true;
  });
}

/** A token of the account for these audiences, for ten minutes unless said otherwise; without audiences for the API server. */
export async function tokenOf(
  connection: Connection,
  { namespace, name }: Account,
  audiences: string[] = [],
  expirationSeconds = 600,
): Promise<string> {
  const answer = await connection.send({
    method: "POST",
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences, expirationSeconds } },
  });
  const { status } = (await answer.body.json()) as { status: { token: string } };
  return status.token;
}
