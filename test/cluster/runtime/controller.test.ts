import { afterAll, beforeAll, describe, test } from "vitest";
import { kubeClient } from "../../../src/kube/api-client.ts";
import type { Kube } from "../../../src/kube/client.ts";
import { CONFIG_MAP, type ConfigMap } from "../../../src/kube/objects.ts";
import { Controller } from "../../../src/runtime/controller.ts";
import { Manager } from "../../../src/runtime/manager.ts";
import { perform } from "../../../src/runtime/perform.ts";
import { Reflector } from "../../../src/runtime/reflector.ts";
import { onMapped, onSelf } from "../../../src/runtime/source.ts";
import { useApiServer, type TestApiServer } from "../../support/api-server.ts";
import { silentLog } from "../../support/silent-log.ts";
import { waitFor } from "../../support/wait-for.ts";

let server: TestApiServer;
beforeAll(async () => {
  server = await useApiServer({ nodes: 0, name: "test-faults-controller" });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** Keeps a copy of every ConfigMap of role `original`, and fails at every third pass over each. */
function copier(kube: Kube, watchingCopies: Kube = kube) {
  const originals = reflectorOf("original", kube);
  const copies = reflectorOf("copy", watchingCopies);
  const passes = new Map<string, number>();
  const controller = new Controller({
    name: "copier",
    sources: [onSelf(originals), onMapped(copies, ({ metadata, data }) => [`${metadata.namespace}/${data?.["of"]}`])],
    reconcile: async (key, { signal }) => {
      const pass = (passes.get(key) ?? 0) + 1;
      passes.set(key, pass);
      if (pass % 3 === 0) throw new Error("handler bug");
      const original = originals.store.get(key);
      if (original === undefined) return;
      const apply = [{ kind: CONFIG_MAP, object: copyOf(original) }];
      const performer = { kube, recorder: { record: () => {} }, caches: [copies], signal };
      await perform({ apply, remove: [], events: [] }, CONFIG_MAP, original, performer);
    },
    log: silentLog,
  });
  return new Manager({ reflectors: [originals, copies], controllers: [controller] });
}

function reflectorOf(role: string, kube: Kube) {
  return new Reflector(kube, CONFIG_MAP, {
    namespace: server.namespace,
    labelSelector: `role=${role}`,
    retry: { first: 100, most: 1_000 },
    log: silentLog,
  });
}

function copyOf({ metadata, data }: ConfigMap): ConfigMap {
  const { namespace = "", name, uid = "" } = metadata;
  const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name, uid, controller: true }];
  return {
    metadata: { namespace, name: `${name}-copy`, labels: { role: "copy" }, ownerReferences },
    data: { of: name, value: data?.["value"] ?? "" },
  };
}

function write(name: string, value: string): Promise<ConfigMap> {
  const metadata = { namespace: server.namespace, name, labels: { role: "original" } };
  return server.kube.apply(CONFIG_MAP, { metadata, data: { value } }, { fieldManager: "test" });
}

async function copiedValues(): Promise<Record<string, string | undefined>> {
  const { items } = await server.kube.list(CONFIG_MAP, { namespace: server.namespace, labelSelector: "role=copy" });
  return Object.fromEntries(items.map(({ data }) => [data?.["of"], data?.["value"]]));
}

async function isCopied(name: string): Promise<boolean> {
  return Object.hasOwn(await copiedValues(), name);
}

describe("a controller on a real API server", () => {
  test("arrives at what is wanted through an API server that dies, connections that break and passes that throw", async () => {
    await using proxy = await server.proxy();
    await using connection = server.connect({ proxy });
    const stop = new AbortController();
    const running = copier(kubeClient(connection)).run(stop.signal);
    const wanted: Record<string, string> = {};
    for (let i = 0; i < 60; i++) {
      const name = `original-${i % 20}`;
      wanted[name] = String(i);
      if (i === 30) await server.cluster.kill("apiserver");
      if (i % 4 === 0) proxy.cut();
      await waitFor("the API server to take a write", () => write(name, String(i)).catch(() => false));
    }
    const arrived = async () => JSON.stringify(sorted(await copiedValues())) === JSON.stringify(sorted(wanted));
    await waitFor("all copies", arrived);

    // The copy is repaired when someone deletes it, and the whole still stops as one.
    await server.kube.delete(CONFIG_MAP, { namespace: server.namespace, name: "original-7-copy" });
    await waitFor("the copy to come back", arrived);
    stop.abort();
    await running;
  });

  test("makes anew what was deleted before its watch, interrupted for too long, could bring it", async () => {
    await using proxy = await server.proxy();
    await using connection = server.connect({ proxy });
    const stop = new AbortController();
    const running = copier(server.kube, kubeClient(connection)).run(stop.signal);
    await write("seen", "1");
    await waitFor("the controller to work", () => isCopied("seen"));

    proxy.close();
    await write("unseen", "1");
    await waitFor("the copy", () => isCopied("unseen"));
    await server.kube.delete(CONFIG_MAP, { namespace: server.namespace, name: "unseen-copy" });
    await server.cluster.compact();
    await server.cluster.restart("apiserver");
    proxy.open();
    await waitFor("the copy to come back", () => isCopied("unseen"));
    stop.abort();
    await running;
  });
});

function sorted(values: Record<string, string | undefined>): [string, string | undefined][] {
  return Object.entries(values).toSorted(([a], [b]) => a.localeCompare(b));
}
