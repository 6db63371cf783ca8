import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/api/meta.ts";
import type { WatchEvent } from "../../../src/kube/client.ts";
import { CONFIG_MAP } from "../../../src/kube/objects.ts";
import { Reflector } from "../../../src/runtime/reflector.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { silentLog } from "../../support/silent-log.ts";

/** Lists one object, then watches what the test sends. */
class Scripted extends MemoryKube {
  readonly #events: WatchEvent<KubeObject>[] = [];
  #wake: () => void = () => {};

  send(object: KubeObject): void {
    this.#events.push({ type: "MODIFIED", object });
    this.#wake();
  }

  override async *watch<T extends KubeObject>(
    ...[, { signal }]: Parameters<MemoryKube["watch"]>
  ): AsyncGenerator<WatchEvent<T>, void, void> {
    signal?.addEventListener("abort", () => this.#wake());
    for (;;) {
      signal?.throwIfAborted();
      const event = this.#events.shift() as WatchEvent<T> | undefined;
      if (event) yield event;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function version(resourceVersion: string, ...finalizers: string[]): KubeObject {
  return { metadata: { namespace: "ns", name: "a", uid: "u", resourceVersion, finalizers } };
}

test("the answer to a write reaches the handlers, once: it may hold what another has written in between", async () => {
  const kube = new Scripted();
  kube.objects.set(`${CONFIG_MAP.plural} ns/a`, version("1"));
  const reflector = new Reflector<KubeObject>(kube, CONFIG_MAP, { log: silentLog });
  const seen: string[] = [];
  const end = new AbortController();
  let last: () => void;
  const delivered = new Promise<void>((resolve) => (last = resolve));
  reflector.subscribe(({ object }) => {
    seen.push(object?.metadata.resourceVersion ?? "gone");
    if (object?.metadata.resourceVersion === "4") last();
  });
  const running = reflector.run(end.signal);
  await reflector.store.ready;
  // Another's write is version 2; ours, which is answered before the watch brings either, is version 3.
  reflector.learn(version("3", "of-another"));
  for (const object of [version("2", "of-another"), version("3", "of-another"), version("4")]) kube.send(object);
  await delivered;
  expect(seen).toEqual(["1", "3", "4"]);
  end.abort();
  await running;
});
