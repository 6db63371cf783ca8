import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubeClient } from "../../../src/kube/api-client.ts";
import type { Kube } from "../../../src/kube/client.ts";
import { LEASE } from "../../../src/kube/objects.ts";
import { Leader } from "../../../src/runtime/leader.ts";
import { useApiServer, type TestApiServer } from "../../support/api-server.ts";
import { silentLog } from "../../support/silent-log.ts";
import { waitFor } from "../../support/wait-for.ts";

let server: TestApiServer;
beforeAll(async () => {
  server = await useApiServer({ nodes: 0 });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** Replicas of one lease that note who leads. Only where a leader is to be cut off need it be soon that the lease is over. */
function election(name: string, { leaseSeconds = 60, renewSeconds = 40 } = {}) {
  const leaders = new Set<string>();
  let most = 0;
  const replica = (kube: Kube, identity: string) => {
    const stop = new AbortController();
    const leader = new Leader({
      kube,
      namespace: server.namespace,
      name,
      identity,
      leaseSeconds,
      renewSeconds,
      retrySeconds: 0.4,
      log: silentLog,
    });
    const lead = async (signal: AbortSignal) => {
      leaders.add(identity);
      most = Math.max(most, leaders.size);
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      leaders.delete(identity);
    };
    const outcome = leader.run(stop.signal, lead).then(
      () => "ended",
      (error: unknown) => (error instanceof Error ? error.name : "unknown"),
    );
    return {
      outcome,
      stop: async () => {
        stop.abort();
        await outcome;
      },
    };
  };
  return { leaders, replica, most: () => most };
}

describe("leader election on a real API server", () => {
  test("of three that begin at once, one leads, and the next takes over as each stops", async () => {
    const { leaders, replica, most } = election("three");
    const replicas = new Map(["a", "b", "c"].map((identity) => [identity, replica(server.kube, identity)]));
    for (let i = 0; i < 3; i++) {
      const [leader] = await waitFor("a leader", () => leaders.size === 1 && leaders);
      const lease = await server.kube.get(LEASE, { namespace: server.namespace, name: "three" });
      expect(lease.spec?.holderIdentity).toBe(leader);
      await replicas.get(leader ?? "")?.stop();
    }
    expect(most()).toBe(1);
  });

  test("a leader that is cut off stops before another begins", async () => {
    await using proxy = await server.proxy();
    await using connection = server.connect({ proxy });
    const { leaders, replica, most } = election("cut-off", { leaseSeconds: 6, renewSeconds: 4 });
    const cutOff = replica(kubeClient(connection), "cut-off");
    await waitFor("the first leader", () => leaders.has("cut-off"));
    const next = replica(server.kube, "next");
    proxy.close();
    expect(await cutOff.outcome).toBe("LeadershipLost");
    await waitFor("the next leader", () => leaders.has("next"));
    expect(most()).toBe(1);
    await next.stop();
  });

  test("a leader goes on through connections that break", async () => {
    await using proxy = await server.proxy();
    await using connection = server.connect({ proxy });
    const { leaders, replica } = election("breaks");
    const leader = replica(kubeClient(connection), "a");
    await waitFor("the leader", () => leaders.has("a"));
    const renewals = new Set<string | undefined>();
    await waitFor("five renewals", async () => {
      const { spec } = await server.kube.get(LEASE, { namespace: server.namespace, name: "breaks" });
      // Once for each: how long a renewal over a new connection takes is the machine's business.
      if (!renewals.has(spec?.renewTime)) proxy.cut();
      renewals.add(spec?.renewTime);
      return renewals.size >= 5;
    });
    expect(leaders.has("a")).toBe(true);
    await leader.stop();
  });
});
