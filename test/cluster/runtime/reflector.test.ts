import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { kubeClient } from "../../../src/kube/api-client.ts";
import type { Kube } from "../../../src/kube/client.ts";
import { CONFIG_MAP, SERVICE_ACCOUNT, type ConfigMap } from "../../../src/kube/objects.ts";
import { metrics } from "../../../src/metrics.ts";
import type { Change } from "../../../src/runtime/store.ts";
import { Reflector } from "../../../src/runtime/reflector.ts";
import { bind, tokenOf } from "../../support/account.ts";
import { useApiServer, type TestApiServer } from "../../support/api-server.ts";
import { silentLog } from "../../support/silent-log.ts";
import { waitFor } from "../../support/wait-for.ts";

let server: TestApiServer;
beforeAll(async () => {
  server = await useApiServer({ nodes: 0, name: "test-faults" });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** A reflector of the ConfigMaps with a label of the test's own, and all that its handler is told. */
function watching(kube: Kube, handler: (change: Change<ConfigMap>) => void = () => {}) {
  const set = randomUUID().slice(0, 8);
  const reflector = new Reflector(kube, CONFIG_MAP, {
    name: set,
    namespace: server.namespace,
    labelSelector: `set=${set}`,
    retry: { first: 100, most: 1_000 },
    log: silentLog,
  });
  const told: string[] = [];
  reflector.subscribe((change) => {
    handler(change);
    told.push(`${change.key.split("/")[1]}${change.object ? `=${change.object.data?.["value"]}` : " gone"}`);
  });
  const stop = new AbortController();
  const done = reflector.run(stop.signal);
  return {
    reflector,
    told,
    write: (name: string, value = "1") =>
      server.kube.apply(
        CONFIG_MAP,
        { metadata: { namespace: server.namespace, name: `${set}-${name}`, labels: { set } }, data: { value } },
        { fieldManager: "test" },
      ),
    remove: (name: string) => server.kube.delete(CONFIG_MAP, { namespace: server.namespace, name: `${set}-${name}` }),
    sees: (text: string) => waitFor(text, () => told.includes(`${set}-${text}`)),
    count: async (metric: string) => {
      const series = await metrics.getSingleMetric(metric)?.get();
      return series?.values.find(({ labels }) => labels["reflector"] === set)?.value ?? 0;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await done;
    },
  };
}

describe("a reflector of a real API server", () => {
  test("lists what is there, then sees it change and go", async () => {
    await using watch = watching(server.kube);
    await watch.reflector.store.ready;
    await watch.write("a");
    await watch.sees("a=1");
    await watch.write("a", "2");
    await watch.sees("a=2");
    await watch.remove("a");
    await watch.sees("a gone");
    expect(watch.told).toHaveLength(3);
    expect(watch.reflector.store.size).toBe(0);
  });

  test("keeps neither managed fields nor what kubectl applied last", async () => {
    await using watch = watching(server.kube);
    await watch.write("a");
    await watch.sees("a=1");
    const [stored] = watch.reflector.store.values();
    expect(stored?.metadata).not.toHaveProperty("managedFields");
  });

  test("reads a long list in pages", async () => {
    await using watch = watching(server.kube);
    await watch.reflector.store.ready;
    await Promise.all(Array.from({ length: 600 }, (_, i) => watch.write(String(i))));
    const set = watch.reflector.name;
    await using later = reading(set);
    await later.reflector.store.ready;
    expect(later.reflector.store.size).toBe(600);
  });

  test("goes on where it was when the connection breaks, without a new list", async () => {
    await using proxy = await server.proxy();
    await using connection = server.connect({ proxy });
    await using watch = watching(kubeClient(connection));
    await watch.reflector.store.ready;
    await watch.write("a");
    await watch.sees("a=1");
    proxy.close();
    await watch.write("b");
    await watch.remove("a");
    proxy.open();
    await watch.sees("b=1");
    await watch.sees("a gone");
    expect(await watch.count("sandkeep_reflector_relists_total")).toBe(1);
  });

  test("loses nothing while connections break all the time", async () => {
    await using proxy = await server.proxy();
    await using connection = server.connect({ proxy });
    await using watch = watching(kubeClient(connection));
    await watch.reflector.store.ready;
    for (let i = 0; i < 60; i++) {
      await watch.write(String(i % 20), String(i));
      if (i % 7 === 0) await watch.remove(String(i % 20));
      if (i % 5 === 0) proxy.cut();
    }
    const expected = new Map<string, string | undefined>();
    for (const { metadata, data } of (
      await server.kube.list(CONFIG_MAP, { namespace: server.namespace, labelSelector: `set=${watch.reflector.name}` })
    ).items) {
      expected.set(metadata.name, data?.["value"]);
    }
    await waitFor("the store to be what the server has", () => {
      const stored = Array.from(
        watch.reflector.store.values(),
        ({ metadata, data }) => [metadata.name, data?.["value"]] as const,
      );
      return stored.length === expected.size && stored.every(([name, value]) => expected.get(name) === value);
    });
    for (const [name, value] of expected) expect(watch.told).toContain(`${name}=${value}`);
  });

  test.each(["restart", "kill"] as const)("sees what happens around a %s of the API server", async (fault) => {
    await using watch = watching(server.kube);
    await watch.reflector.store.ready;
    await watch.write("before");
    await watch.sees("before=1");
    await server.cluster[fault]("apiserver");
    await waitFor("the API server to answer", () => watch.write("after").catch(() => false));
    await watch.remove("before");
    await watch.sees("after=1");
    await watch.sees("before gone");
  });

  test("lists anew when its version was compacted away (410), and finds what happened meanwhile", async () => {
    await using proxy = await server.proxy();
    await using connection = server.connect({ proxy });
    await using watch = watching(kubeClient(connection));
    await watch.write("kept");
    await watch.write("gone");
    await watch.sees("gone=1");
    proxy.close();
    await watch.remove("gone");
    await watch.write("new");
    await server.cluster.compact();
    await server.cluster.restart("apiserver");
    proxy.open();
    await watch.sees("new=1");
    await watch.sees("gone gone");
    expect(watch.reflector.store.size).toBe(2);
    expect(await watch.count("sandkeep_reflector_relists_total")).toBe(2);
  });

  test("becomes ready once a list that failed succeeds", async () => {
    await using proxy = await server.proxy();
    proxy.close();
    await using connection = server.connect({ proxy });
    await using watch = watching(kubeClient(connection));
    await waitFor("a failure", async () => (await watch.count("sandkeep_reflector_failures_total")) > 0);
    expect(watch.reflector.store.isReady).toBe(false);
    proxy.open();
    await watch.reflector.store.ready;
  });

  test("delivers a change again when the handler throws, and others meanwhile", async () => {
    let failures = 2;
    await using watch = watching(server.kube, ({ key }) => {
      if (key.endsWith("bad") && failures-- > 0) throw new Error("handler bug");
    });
    await watch.reflector.store.ready;
    await watch.write("bad");
    await watch.write("good");
    await watch.sees("good=1");
    await watch.sees("bad=1");
    expect(await watch.count("sandkeep_reflector_handler_failures_total")).toBe(2);
  });

  test("does not notice when the wall clock jumps", async () => {
    await using watch = watching(server.kube);
    await watch.reflector.store.ready;
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      for (const date of ["2046-01-01", "1986-01-01"]) {
        vi.setSystemTime(new Date(date));
        await watch.write("a", date);
        await watch.sees(`a=${date}`);
      }
    } finally {
      vi.useRealTimers();
    }
    expect(await watch.count("sandkeep_reflector_failures_total")).toBe(0);
  });

  test("waits for its rights, and goes on with a new token when the old one is refused", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sandkeep-token-"));
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, await serviceAccountToken("first"));
    await using connection = server.connect({ tokenFile });
    await using watch = watching(kubeClient(connection));
    await waitFor("a refusal", async () => (await watch.count("sandkeep_reflector_failures_total")) > 0);
    await grantEverything("first");
    await watch.reflector.store.ready;

    await writeFile(tokenFile, await serviceAccountToken("second"));
    await grantEverything("second");
    // Tokens die with their account. The server remembers a good token for 10 s, which outlasts the account.
    await server.kube.delete(SERVICE_ACCOUNT, { namespace: server.namespace, name: "first" });
    await server.cluster.restart("apiserver");
    await waitFor("the API server to answer", () => watch.write("a").catch(() => false));
    await watch.sees("a=1");
    await rm(folder, { recursive: true });
  });
});

/** A second reflector of a set that another test object wrote. */
function reading(set: string) {
  const options = { namespace: server.namespace, labelSelector: `set=${set}`, log: silentLog };
  const reflector = new Reflector(server.kube, CONFIG_MAP, options);
  const stop = new AbortController();
  const done = reflector.run(stop.signal);
  return {
    reflector,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await done;
    },
  };
}

/** A token of a new account that may do nothing yet. */
async function serviceAccountToken(name: string): Promise<string> {
  const account = { namespace: server.namespace, name };
  await server.kube.create(SERVICE_ACCOUNT, { metadata: account });
  return await tokenOf(server.connection, account, [], 3600);
}

async function grantEverything(account: string): Promise<void> {
  const metadata = { namespace: server.namespace, name: account };
  await bind(server.kube, metadata, { kind: "ClusterRole", name: "cluster-admin" });
}
