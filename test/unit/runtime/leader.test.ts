import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConnectionError } from "../../../src/kube/api-error.ts";
import { LEASE } from "../../../src/kube/objects.ts";
import { Leader } from "../../../src/runtime/leader.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { silentLog } from "../../support/silent-log.ts";

const name = { namespace: "ns", name: "operator" };

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 21) });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A replica that stands in line, and whether it leads. */
function replica(kube: MemoryKube, identity: string) {
  const stop = new AbortController();
  const state = { leads: false, outcome: "" };
  const lead = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      state.leads = true;
      signal.addEventListener("abort", () => {
        state.leads = false;
        resolve();
      });
    });
  const leader = new Leader({ kube, ...name, identity, log: silentLog });
  const done = leader.run(stop.signal, lead).then(
    () => (state.outcome = "ended"),
    (error: unknown) => (state.outcome = error instanceof Error ? error.name : "unknown"),
  );
  return { state, stop: () => stop.abort(), done };
}

/** The fate of a request that is lost on its way. */
const unanswered: MemoryKube["onCall"] = (_, signal) =>
  new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));

const seconds = (n: number) => vi.advanceTimersByTimeAsync(n * 1000);

describe("leader election", () => {
  test("lets the first replica lead, and no other while it renews", async () => {
    const kube = new MemoryKube();
    const a = replica(kube, "a");
    await seconds(1);
    const b = replica(kube, "b");
    await seconds(120);
    expect([a.state.leads, b.state.leads]).toEqual([true, false]);
    expect(kube.peek(LEASE, name)?.spec).toMatchObject({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
    });
    a.stop();
    b.stop();
    await Promise.all([a.done, b.done]);
  });

  test("hands over at once when the leader stops", async () => {
    const kube = new MemoryKube();
    const a = replica(kube, "a");
    await seconds(1);
    const b = replica(kube, "b");
    await seconds(5);
    a.stop();
    await a.done;
    expect(kube.peek(LEASE, name)?.spec?.holderIdentity).toBe("");
    await seconds(3);
    expect(b.state.leads).toBe(true);
    expect(kube.peek(LEASE, name)?.spec).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
    b.stop();
    await b.done;
  });

  test("takes over from a leader that is gone, 15 s after its last sign of life and not before", async () => {
    const kube = new MemoryKube();
    kube.put(LEASE, {
      metadata: name,
      spec: { holderIdentity: "gone", leaseDurationSeconds: 15, renewTime: "2001-01-01T00:00:00.000000Z" },
    });
    const b = replica(kube, "b");
    await seconds(14);
    expect(b.state.leads).toBe(false);
    await seconds(5);
    expect(b.state.leads).toBe(true);
    b.stop();
    await b.done;
  });

  test.each(["1996-01-01", "2036-01-01"])("keeps the leader when every wall clock jumps to %s", async (date) => {
    const kube = new MemoryKube();
    const a = replica(kube, "a");
    await seconds(1);
    const b = replica(kube, "b");
    await seconds(5);
    vi.setSystemTime(new Date(date));
    await seconds(60);
    expect([a.state.leads, b.state.leads]).toEqual([true, false]);
    a.stop();
    b.stop();
    await Promise.all([a.done, b.done]);
  });

  test("stops leading when the server is away for 10 s, before another may begin", async () => {
    const kube = new MemoryKube();
    const a = replica(kube, "a");
    await seconds(1);
    kube.onCall = () => {
      throw new ConnectionError("connect ECONNREFUSED");
    };
    await seconds(8);
    expect(a.state.leads).toBe(true);
    await seconds(5);
    expect(a.state).toEqual({ leads: false, outcome: "LeadershipLost" });
  });

  test("stops leading when the server does not answer", async () => {
    const kube = new MemoryKube();
    const a = replica(kube, "a");
    await seconds(1);
    kube.onCall = unanswered;
    await seconds(13);
    expect(a.state.outcome).toBe("LeadershipLost");
  });

  test("goes on leading when one connection dies without a word: there is time to ask over another", async () => {
    const kube = new MemoryKube();
    const a = replica(kube, "a");
    await seconds(1);
    kube.onCall = (_, signal) => {
      kube.onCall = () => {};
      return unanswered(_, signal);
    };
    await seconds(30);
    expect(a.state.leads).toBe(true);
    a.stop();
    await a.done;
  });

  test("goes on leading through a short absence of the server", async () => {
    const kube = new MemoryKube();
    const a = replica(kube, "a");
    await seconds(1);
    kube.onCall = () => {
      throw new ConnectionError("connect ECONNREFUSED");
    };
    await seconds(5);
    kube.onCall = () => {};
    await seconds(30);
    expect(a.state.leads).toBe(true);
    a.stop();
    await a.done;
  });

  test("stops leading when another has the lease", async () => {
    const kube = new MemoryKube();
    const a = replica(kube, "a");
    await seconds(1);
    kube.put(LEASE, { metadata: name, spec: { holderIdentity: "thief", leaseDurationSeconds: 15 } });
    await seconds(3);
    expect(a.state).toEqual({ leads: false, outcome: "LeadershipLost" });
    expect(kube.peek(LEASE, name)?.spec?.holderIdentity).toBe("thief");
  });

  test("fails as the work that it led failed, and gives the lease back", async () => {
    const kube = new MemoryKube();
    const leader = new Leader({ kube, ...name, identity: "a", log: silentLog });
    const run = leader.run(new AbortController().signal, () => Promise.reject(new Error("broken")));
    await expect(run).rejects.toThrow("broken");
    expect(kube.peek(LEASE, name)?.spec?.holderIdentity).toBe("");
  });
});
