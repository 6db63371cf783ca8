import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { KubeObject } from "../../../src/api/meta.ts";
import { ConnectionError, SilentWatchError } from "../../../src/kube/api-error.ts";
import type { WatchEvent } from "../../../src/kube/client.ts";
import { CONFIG_MAP } from "../../../src/kube/objects.ts";
import { Reflector } from "../../../src/runtime/reflector.ts";
import { MemoryKube, refused } from "../../support/memory-kube.ts";
import { silentLog } from "../../support/silent-log.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const broken = new ConnectionError("other side closed");

/** Lists what is stored, then watches what the test sends. */
class Scripted extends MemoryKube {
  readonly #sent: (WatchEvent<KubeObject> | Error)[] = [];
  #wake: () => void = () => {};

  /** An event, or how the watch ends. */
  send(event: WatchEvent<KubeObject> | Error): void {
    this.#sent.push(event);
    this.#wake();
  }

  override async *watch<T extends KubeObject>(
    ...[kind, options]: Parameters<MemoryKube["watch"]>
  ): AsyncGenerator<WatchEvent<T>, void, void> {
    this.calls.push(`watch ${kind.plural} from ${options.resourceVersion}`);
    options.signal?.addEventListener("abort", () => this.#wake());
    for (;;) {
      options.signal?.throwIfAborted();
      const event = this.#sent.shift();
      if (event instanceof Error) throw event;
      if (event) yield event as WatchEvent<T>;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** A reflector that has listed one object and watches. */
async function watching() {
  const kube = new Scripted();
  kube.objects.set(`${CONFIG_MAP.plural} ns/a`, version("1"));
  const reflector = new Reflector<KubeObject>(kube, CONFIG_MAP, { log: silentLog });
  const told: string[] = [];
  reflector.subscribe(({ key, object }) => told.push(object?.metadata.resourceVersion ?? `${key} gone`));
  reflector.onGap(() => told.push("gap"));
  const end = new AbortController();
  const running = reflector.run(end.signal);
  await vi.advanceTimersByTimeAsync(0);
  return { kube, reflector, told, [Symbol.asyncDispose]: () => (end.abort(), running) };
}

function version(resourceVersion: string, ...finalizers: string[]): KubeObject {
  return { metadata: { namespace: "ns", name: "a", uid: "u", resourceVersion, finalizers } };
}

describe("a reflector", () => {
  test("says for how long it has heard nothing", async () => {
    await using watch = await watching();
    expect(new Reflector(watch.kube, CONFIG_MAP, { log: silentLog }).silence).toBe(Infinity);
    expect(watch.reflector.silence).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(watch.reflector.silence).toBe(60_000);
    watch.kube.send({ type: "BOOKMARK", resourceVersion: "8" });
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.reflector.silence).toBe(0);
  });

  test("says up to which version its handlers know everything, which the answer to a write does not change", async () => {
    await using watch = await watching();
    const versions: (string | undefined)[] = [];
    watch.reflector.subscribe(() => versions.push(watch.reflector.version));
    watch.reflector.onList((listed) => versions.push(`list ${listed}`));
    expect(watch.reflector.version).toBe("0");
    watch.reflector.learn(version("5"));
    watch.kube.send({ type: "DELETED", object: version("6") });
    watch.kube.send({ type: "BOOKMARK", resourceVersion: "8" });
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.reflector.version).toBe("8");
    watch.kube.send(refused(410, "Expired", CONFIG_MAP, { name: "" }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(versions).toEqual(["0", "6", undefined, "list 0"]);
    expect(watch.reflector.version).toBe("0");
  });

  test("brings the answer to a write to the handlers, once: it may hold what another has written in between", async () => {
    await using watch = await watching();
    // Another's write is version 2; ours, which is answered before the watch brings either, is version 3.
    watch.reflector.learn(version("3", "of-another"));
    for (const object of [version("2", "of-another"), version("3", "of-another"), version("4")])
      watch.kube.send({ type: "MODIFIED", object });
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.told).toEqual(["1", "3", "4"]);
  });

  test.each([
    { name: "its version is too old", error: refused(410, "Expired", CONFIG_MAP, { name: "" }) },
    { name: "its version may be one that the server has yet to reach", error: new SilentWatchError("silent") },
  ])("lists anew when $name, and tells of the gap: what came and went shows in no list", async ({ error }) => {
    await using watch = await watching();
    watch.kube.objects.clear();
    watch.kube.send(error);
    await vi.advanceTimersByTimeAsync(800);
    expect(watch.told).toEqual(["1", "ns/a gone", "gap"]);
  });

  test("knows of no gap when a watch that broke goes on where it was", async () => {
    await using watch = await watching();
    watch.kube.send({ type: "BOOKMARK", resourceVersion: "7" });
    watch.kube.send(broken);
    await vi.advanceTimersByTimeAsync(800);
    expect(watch.kube.calls.at(-1)).toBe("watch configmaps from 7");
    expect(watch.told).toEqual(["1"]);
  });

  test("pauses no longer for watches that break after a while, though nothing happened in them", async () => {
    await using watch = await watching();
    for (let i = 0; i < 10; i++) {
      await vi.advanceTimersByTimeAsync(50_000);
      watch.kube.send(broken);
      await vi.advanceTimersByTimeAsync(800);
    }
    expect(watch.kube.calls.filter((call) => call.startsWith("watch"))).toHaveLength(11);
  });
});
