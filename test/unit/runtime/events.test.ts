import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConnectionError } from "../../../src/kube/api-error.ts";
import { EVENT, POD, type Event } from "../../../src/kube/objects.ts";
import { EventRecorder } from "../../../src/runtime/events.ts";
import { MemoryKube, refused } from "../../support/memory-kube.ts";
import { silentLog } from "../../support/silent-log.ts";

const pod = { metadata: { namespace: "ns", name: "a", uid: "1", resourceVersion: "7" } };
const started = { type: "Normal", reason: "Started", message: "It runs" } as const;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 21) });
});
afterEach(() => {
  vi.useRealTimers();
});

function recorderOn(kube: MemoryKube): EventRecorder {
  return new EventRecorder({ kube, controller: "sandkeep.dev/operator", log: silentLog });
}

function eventsOf(kube: MemoryKube): Event[] {
  return [...kube.objects].filter(([path]) => path.startsWith(EVENT.plural)).map(([, object]) => object as Event);
}

describe("the event recorder", () => {
  test("writes an event about an object", async () => {
    const kube = new MemoryKube();
    const recorder = recorderOn(kube);
    recorder.record(POD, pod, started);
    await recorder.flush();
    expect(eventsOf(kube)).toMatchObject([
      {
        metadata: { namespace: "ns", name: expect.stringMatching(/^a\.[0-9a-f]+$/) },
        type: "Normal",
        reason: "Started",
        action: "Started",
        note: "It runs",
        eventTime: "2026-11-21T00:00:00.000000Z",
        reportingController: "sandkeep.dev/operator",
        regarding: { apiVersion: "v1", kind: "Pod", namespace: "ns", name: "a", uid: "1", resourceVersion: "7" },
      },
    ]);
  });

  test("counts repetitions up on the first event, at most every 30 s", async () => {
    const kube = new MemoryKube();
    const recorder = recorderOn(kube);
    for (let i = 0; i < 20; i++) recorder.record(POD, pod, started);
    await recorder.flush();
    expect(eventsOf(kube)).toMatchObject([{ series: { count: 2 } }]);
    await vi.advanceTimersByTimeAsync(30_000);
    recorder.record(POD, pod, started);
    await recorder.flush();
    expect(eventsOf(kube)).toMatchObject([{ series: { count: 21 } }]);
    expect(kube.calls).toHaveLength(3);
  });

  test.each([
    { name: "another reason", object: pod, event: { ...started, reason: "Ready" } },
    { name: "another message", object: pod, event: { ...started, message: "It runs again" } },
    { name: "another object", object: { metadata: { ...pod.metadata, uid: "2" } }, event: started },
  ])("writes a second event for $name", async ({ object, event }) => {
    const kube = new MemoryKube();
    const recorder = recorderOn(kube);
    recorder.record(POD, pod, started);
    recorder.record(POD, object, event);
    await recorder.flush();
    expect(eventsOf(kube)).toHaveLength(2);
  });

  test("begins anew after ten minutes", async () => {
    const kube = new MemoryKube();
    const recorder = recorderOn(kube);
    recorder.record(POD, pod, started);
    await vi.advanceTimersByTimeAsync(600_000);
    recorder.record(POD, pod, started);
    await recorder.flush();
    expect(eventsOf(kube)).toHaveLength(2);
  });

  test("shortens a note to what the server takes", async () => {
    const kube = new MemoryKube();
    const recorder = recorderOn(kube);
    recorder.record(POD, pod, { ...started, message: "é".repeat(2_000) });
    await recorder.flush();
    const note = eventsOf(kube)[0]?.note ?? "";
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^é+…$/);
  });

  test.each([
    ["is away", new ConnectionError("connect ECONNREFUSED")],
    ["fails, as it does while it starts", refused(503, "ServiceUnavailable", EVENT, { name: "a" })],
  ])("tries again while the server %s", async (_, failure) => {
    const kube = new MemoryKube();
    let attempts = 0;
    kube.onCall = () => {
      if (++attempts < 4) throw failure;
    };
    const recorder = recorderOn(kube);
    recorder.record(POD, pod, started);
    await vi.runAllTimersAsync();
    await recorder.flush();
    expect(eventsOf(kube)).toHaveLength(1);
  });

  test("drops an event that the server refuses, without a word to the caller", async () => {
    const kube = new MemoryKube();
    kube.onCall = () => {
      throw refused(403, "Forbidden", EVENT, { name: "a" });
    };
    const recorder = recorderOn(kube);
    recorder.record(POD, pod, started);
    await recorder.flush();
    expect(kube.calls).toHaveLength(1);
  });
});
