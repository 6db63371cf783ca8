import type { KubeObject, ResourceKind } from "../../../src/api/meta.ts";
import { SERVICE_ACCOUNT } from "../../../src/kube/objects.ts";
import { useApiServer, type TestApiServer } from "../../support/api-server.ts";

interface Role extends KubeObject {
  rules: Rule[];
}

export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

interface RoleBinding extends KubeObject {
  roleRef: { apiGroup: string; kind: string; name: string };
  subjects: { kind: string; name: string; namespace: string }[];
}

const rbac = { group: "rbac.authorization.k8s.io", version: "v1", namespaced: true };
const ROLE: ResourceKind<Role> = { ...rbac, kind: "Role", plural: "roles" };
const ROLE_BINDING: ResourceKind<RoleBinding> = { ...rbac, kind: "RoleBinding", plural: "rolebindings" };

/** What lets an account do everything with sandboxes. */
export const everything: Rule[] = [{ apiGroups: ["sandkeep.dev"], resources: ["*"], verbs: ["*"] }];

/** Makes service accounts with rights in the test's namespace, and tokens for them. */
export class Accounts {
  readonly #server: TestApiServer;

  constructor(server: TestApiServer) {
    this.#server = server;
  }

  /** A token of a new account with just these rights. */
  async create(name: string, rules: Rule[], audiences: string[] = ["sandkeep"]): Promise<string> {
    const { kube, namespace } = this.#server;
    const metadata = { name, namespace };
    await kube.create(SERVICE_ACCOUNT, { metadata });
    await kube.create(ROLE, { metadata, rules });
    await kube.create(ROLE_BINDING, {
      metadata,
      roleRef: { apiGroup: rbac.group, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    });
    return await this.token(name, audiences);
  }

  /** Another token of an account. Without audiences it is for the API server. */
  async token(name: string, audiences: string[] = []): Promise<string> {
    const { connection, namespace } = this.#server;
    const answer = await connection.send({
      method: "POST",
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { audiences, expirationSeconds: 600 },
      },
    });
    const { status } = (await answer.body.json()) as { status: { token: string } };
    return status.token;
  }
}

export { useApiServer, type TestApiServer };
