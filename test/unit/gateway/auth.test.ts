import { describe, expect, it } from "vitest";
import { authenticator } from "../../../src/gateway/auth/authenticate.ts";
import { authoriser, type Access } from "../../../src/gateway/auth/authorise.ts";
import type { KubeObject, ResourceKind } from "../../../src/api/meta.ts";
import { ConnectionError } from "../../../src/kube/api-error.ts";
import type { Kube } from "../../../src/kube/client.ts";
import { MemoryKube } from "../../support/memory-kube.ts";

/** An API server that answers reviews as `answer` says, and what it was asked. */
function reviewing(answer: (spec: Record<string, unknown>) => unknown): {
  kube: Kube;
  asked: Record<string, unknown>[];
} {
  const asked: Record<string, unknown>[] = [];
  class Reviewing extends MemoryKube {
    override async create<T extends KubeObject>(_kind: ResourceKind<T>, object: T): Promise<T> {
      const { spec } = object as { spec?: Record<string, unknown> };
      asked.push(spec ?? {});
      return { ...object, status: answer(spec ?? {}) };
    }
  }
  return { kube: new Reviewing(), asked };
}

describe("authenticator", () => {
  const alice = { username: "alice", groups: ["dev"] };

  it("takes tokens for sandkeep first, then those for the API server", async () => {
    const { kube, asked } = reviewing(({ audiences }) => (audiences ? {} : { authenticated: true, user: alice }));
    expect(await authenticator(kube)("Bearer t")).toEqual(alice);
    expect(asked).toEqual([{ token: "t", audiences: ["sandkeep"] }, { token: "t" }]);
  });

  it("asks once for a token within 10 s", async () => {
    const { kube, asked } = reviewing(() => ({ authenticated: true, user: alice }));
    const authenticate = authenticator(kube);
    await Promise.all([authenticate("Bearer t"), authenticate("Bearer t")]);
    await authenticate("Bearer t");
    expect(asked).toHaveLength(1);
    await authenticate("Bearer other");
    expect(asked).toHaveLength(2);
  });

  it.each([
    ["not authenticated", { authenticated: false, error: "token expired" }],
    ["without a verdict", {}],
    ["without a name", { authenticated: true, user: {} }],
    ["of the empty name", { authenticated: true, user: { username: "" } }],
  ])("refuses a token that is %s", async (_, status) => {
    const { kube } = reviewing(() => status);
    await expect(authenticator(kube)("Bearer t")).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("refuses for the moment what comes while very many tokens are under review", async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    class Slow extends MemoryKube {
      override async create<T extends KubeObject>(_kind: ResourceKind<T>, object: T): Promise<T> {
        await answered;
        return { ...object, status: { authenticated: true, user: alice } };
      }
    }
    const authenticate = authenticator(new Slow());
    const under = Array.from({ length: 512 }, (_, i) => authenticate(`Bearer t${i}`));
    await expect(authenticate("Bearer more")).rejects.toMatchObject({ code: "resource_exhausted", retryable: true });
    answer();
    expect(await Promise.all(under)).toHaveLength(512);
    expect(await authenticate("Bearer more")).toEqual(alice);
  });

  it("does not take an API server that is down for a refusal", async () => {
    const { kube } = reviewing(() => {
      throw new ConnectionError("down");
    });
    await expect(authenticator(kube)("Bearer t")).rejects.toBeInstanceOf(ConnectionError);
  });
});

describe("authoriser", () => {
  const access: Access = {
    verb: "create",
    group: "sandkeep.dev",
    version: "v1alpha1",
    resource: "sandboxes",
    subresource: "exec",
    namespace: "ns",
    name: "a",
  };

  it("asks with all that is known of the user", async () => {
    const { kube, asked } = reviewing(() => ({ allowed: true }));
    const user = { username: "alice", uid: "7", groups: ["dev"], extra: { scopes: ["x"] } };
    await authoriser(kube)(user, access);
    expect(asked).toEqual([
      { user: "alice", uid: "7", groups: ["dev"], extra: { scopes: ["x"] }, resourceAttributes: access },
    ]);
  });

  it("refuses with who, what, where and what to grant", async () => {
    const { kube } = reviewing(() => ({ allowed: false }));
    await expect(authoriser(kube)({ username: "alice" }, access)).rejects.toMatchObject({
      code: "permission_denied",
      message:
        'User "alice" cannot create sandboxes/exec "a" in namespace "ns". Grant it with a RoleBinding there to a Role ' +
        'with the rule {apiGroups: ["sandkeep.dev"], resources: ["sandboxes/exec"], verbs: ["create"]}',
    });
  });

  it.each<[what: string, user: { username: string; groups?: string[] }, access: Partial<Access>]>([
    ["another user", { username: "bob" }, {}],
    ["other groups", { username: "alice", groups: ["admin"] }, {}],
    ["another verb", { username: "alice" }, { verb: "get" }],
    ["another subresource", { username: "alice" }, { subresource: "files" }],
    ["another namespace", { username: "alice" }, { namespace: "other" }],
    ["another sandbox", { username: "alice" }, { name: "b" }],
  ])("never answers for %s from memory", async (_, user, change) => {
    const { kube, asked } = reviewing(() => ({ allowed: true }));
    const authorise = authoriser(kube);
    await authorise({ username: "alice" }, access);
    await authorise({ username: "alice" }, access);
    expect(asked).toHaveLength(1);
    await authorise(user, { ...access, ...change });
    expect(asked).toHaveLength(2);
  });
});
