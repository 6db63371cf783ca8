import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlreadyExists, isConflict, isInvalid } from "../../../src/kube/api-error.ts";
import type { WatchEvent } from "../../../src/kube/client.ts";
import { listAll } from "../../../src/kube/list-all.ts";
import {
  CONFIG_MAP,
  NAMESPACE,
  POD,
  SELF_SUBJECT_REVIEW,
  SUBJECT_ACCESS_REVIEW,
  TOKEN_REVIEW,
  type ConfigMap,
} from "../../../src/kube/objects.ts";
import { useApiServer, type TestApiServer } from "../../support/api-server.ts";

let server: TestApiServer;
beforeAll(async () => {
  server = await useApiServer({ nodes: 0 });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

function configMap(name: string, data: Record<string, string> = {}): ConfigMap {
  return { metadata: { namespace: server.namespace, name }, data };
}

describe("the client of a real API server", () => {
  test("creates, reads, replaces, patches and deletes", async () => {
    const { kube, namespace } = server;
    const name = { namespace, name: "life" };
    const created = await kube.create(CONFIG_MAP, configMap("life", { a: "1" }));
    expect(await kube.get(CONFIG_MAP, name)).toEqual(created);
    const replaced = await kube.replace(CONFIG_MAP, { ...created, data: { a: "2" } });
    expect(replaced.data).toEqual({ a: "2" });
    const patched = await kube.mergePatch<ConfigMap>(CONFIG_MAP, name, { data: { a: null, b: "3" } });
    expect(patched.data).toEqual({ b: "3" });
    await kube.delete(CONFIG_MAP, name);
    await kube.delete(CONFIG_MAP, name);
    await expect(kube.get(CONFIG_MAP, name)).rejects.toMatchObject({
      reason: "NotFound",
      message: 'configmaps "life" not found',
    });
  });

  test("tells one refusal from another", async () => {
    const { kube } = server;
    const created = await kube.create(CONFIG_MAP, configMap("refused"));
    expect(isAlreadyExists(await failure(kube.create(CONFIG_MAP, configMap("refused"))))).toBe(true);
    await kube.replace(CONFIG_MAP, { ...created, data: { a: "1" } });
    expect(isConflict(await failure(kube.replace(CONFIG_MAP, { ...created, data: { a: "2" } })))).toBe(true);
    expect(isInvalid(await failure(kube.create(CONFIG_MAP, configMap("NOT A NAME"))))).toBe(true);
    expect(isConflict(await failure(kube.delete(CONFIG_MAP, created.metadata, { uid: "another" })))).toBe(true);
  });

  test("stores nothing in a dry run", async () => {
    const { kube, namespace } = server;
    await kube.create(CONFIG_MAP, configMap("dry"), { dryRun: true });
    await expect(kube.get(CONFIG_MAP, { namespace, name: "dry" })).rejects.toMatchObject({ status: 404 });
  });

  test("lists in pages, with the kind in each object", async () => {
    const { kube, namespace } = server;
    for (let i = 0; i < 5; i++)
      await kube.create(CONFIG_MAP, {
        ...configMap(`page-${i}`),
        metadata: { namespace, name: `page-${i}`, labels: { page: "yes" } },
      });
    const first = await kube.list(CONFIG_MAP, { namespace, labelSelector: "page=yes", limit: 2 });
    expect(first.items.map(({ kind, apiVersion, metadata }) => [kind, apiVersion, metadata.name])).toEqual([
      ["ConfigMap", "v1", "page-0"],
      ["ConfigMap", "v1", "page-1"],
    ]);
    expect(first.continue).toBeDefined();
    expect((await listAll(kube, CONFIG_MAP, { namespace, labelSelector: "page=yes" })).items).toHaveLength(5);
  });

  test("watches from a version on", async () => {
    const { kube, namespace } = server;
    const { resourceVersion } = await kube.list(CONFIG_MAP, { namespace });
    await kube.create(CONFIG_MAP, configMap("watched", { a: "1" }));
    await kube.delete(CONFIG_MAP, { namespace, name: "watched" });
    const seen: WatchEvent<ConfigMap>[] = [];
    for await (const event of kube.watch(CONFIG_MAP, {
      namespace,
      resourceVersion,
      fieldSelector: "metadata.name=watched",
    })) {
      seen.push(event);
      if (event.type === "DELETED") break;
    }
    expect(seen).toMatchObject([
      { type: "ADDED", object: { kind: "ConfigMap", data: { a: "1" } } },
      { type: "DELETED", object: { metadata: { name: "watched" } } },
    ]);
  });

  test("asks for reviews", async () => {
    const { kube } = server;
    const metadata = { name: "" };
    const token = await kube.create(TOKEN_REVIEW, { metadata, spec: { token: "nonsense" } });
    expect(token.status?.authenticated ?? false).toBe(false);
    const self = await kube.create(SELF_SUBJECT_REVIEW, { metadata });
    const user = self.status?.userInfo?.username ?? "";
    expect(user).not.toBe("");
    const spec = { user: "nobody", resourceAttributes: { verb: "get", resource: "pods", namespace: "default" } };
    const access = await kube.create(SUBJECT_ACCESS_REVIEW, { metadata, spec });
    expect(access.status?.allowed).toBe(false);
  });

  test("refuses names that would lead to another resource", async () => {
    await expect(server.kube.get(POD, { namespace: "..", name: "a" })).rejects.toMatchObject({ status: 400 });
    await expect(server.kube.delete(NAMESPACE, { name: "../pods" })).rejects.toMatchObject({ status: 400 });
  });
});

function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}
