import type { KubeObject, ResourceKind } from "../../../src/api/meta.ts";
import { createAccount, tokenOf, untilMay } from "../../support/account.ts";
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

const ROLE: ResourceKind<Role> = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  plural: "roles",
  namespaced: true,
};

/** What lets an account do everything with sandboxes. */
export const everything: Rule[] = [{ apiGroups: ["sandkeep.dev"], resources: ["*"], verbs: ["*"] }];

/** Makes service accounts with rights in the test's namespace, and tokens for them. */
export class Accounts {
  readonly #server: TestApiServer;

  constructor(server: TestApiServer) {
    this.#server = server;
  }

  /** A token of a new account with just these rights, which are in force. */
  async create(name: string, rules: Rule[], audiences: string[] = ["sandkeep"]): Promise<string> {
    const { kube, namespace } = this.#server;
    const account = { name, namespace };
    await kube.create(ROLE, { metadata: account, rules });
    await createAccount(kube, account, { kind: "Role", name });
    for (const { apiGroups, resources, verbs, resourceNames } of rules) {
      const [resource = "", subresource] = resources[0]?.split("/") ?? [];
      await untilMay(kube, account, {
        verb: verbs[0] ?? "",
        group: apiGroups[0] ?? "",
        resource,
        ...(subresource !== undefined && { subresource }),
        ...(resourceNames?.[0] !== undefined && { name: resourceNames[0] }),
      });
    }
    return await tokenOf(this.#server.connection, account, audiences);
  }
}

export { useApiServer, type TestApiServer };
