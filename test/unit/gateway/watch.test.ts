import { Writable } from "node:stream";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Sandbox, SandboxStatus } from "../../../src/api/sandbox.ts";
import { framesOf } from "../../../src/gateway/watch/frames.ts";
import { watchHandlers } from "../../../src/gateway/watch/handlers.ts";
import { type EventSource, SandboxHistory } from "../../../src/gateway/watch/history.ts";
import type { Follower } from "../../../src/gateway/watch/follower.ts";
import type { ChangeHandler } from "../../../src/runtime/reflector.ts";
import { WritableStore, type Change } from "../../../src/runtime/store.ts";
import { aSandbox } from "./a-sandbox.ts";

const never = new AbortController().signal;

const isShown = ({ spec, status }: Sandbox): boolean => spec.app === "a" && status?.phase !== "Finished";

/** A sandbox of an app. */
function one(uid: string, app: string, status?: SandboxStatus): Sandbox {
  return aSandbox({ uid, spec: { app }, ...(status && { status }) });
}

/** A sandbox at a version. */
function at(resourceVersion: string, name = "a"): Sandbox {
  return aSandbox({ name, uid: `uid-${name}`, resourceVersion });
}

/** A sandbox at a version with so many characters. */
function large(version: number, characters: number): Sandbox {
  return aSandbox({ resourceVersion: String(version), annotations: { a: "x".repeat(characters) } });
}

/** A reply whose client reads a line when the test says so. */
class SlowReply extends Writable {
  readonly frames: unknown[] = [];
  read: () => void = () => {};

  constructor() {
    super({ highWaterMark: 1 });
  }

  writeHead(): this {
    return this;
  }

  flushHeaders(): void {}

  override _write(line: Buffer, _: string, taken: () => void): void {
    this.frames.push(JSON.parse(line.toString()));
    this.read = taken;
  }
}

/** The versions of what a follower has not taken yet. */
async function taken(follower: Follower): Promise<string[]> {
  const events = await follower.take(0, never);
  return events.map(({ change }) => change.object?.metadata.resourceVersion ?? "gone");
}

describe("a change", () => {
  const shown = one("1", "a");
  const hidden = one("1", "b");
  const other = one("2", "a");
  const over = one("1", "a", { phase: "Finished", reason: "Completed" });

  it.each<[what: string, change: Omit<Change<Sandbox>, "key">, frames: [type: string, sandbox: Sandbox][]]>([
    ["a new one", { object: shown }, [["added", shown]]],
    ["a new one of another app", { object: hidden }, []],
    ["one that is different", { object: shown, previous: shown }, [["modified", shown]]],
    ["one of another app that is different", { object: hidden, previous: hidden }, []],
    ["one that is gone", { previous: shown }, [["deleted", shown]]],
    ["one of another app that is gone", { previous: hidden }, []],
    ["one that has finished", { object: over, previous: shown }, [["deleted", over]]],
    ["one that matches now", { object: shown, previous: hidden }, [["added", shown]]],
    [
      "one in the place of another",
      { object: other, previous: shown },
      [
        ["deleted", shown],
        ["added", other],
      ],
    ],
    ["one in the place of another that was not shown", { object: other, previous: hidden }, [["added", other]]],
  ])("of %s is told as it is seen", (_, change, frames) => {
    const told = framesOf({ change: { key: "ns/a", ...change }, version: 7n, cursor: "6" }, isShown);
    expect(told).toMatchObject(
      frames.map(([type, { metadata, status }]) => ({
        type,
        cursor: "6",
        sandbox: { uid: metadata.uid, ...(status && { status }) },
      })),
    );
  });

  it("without a place among others has no cursor", () => {
    const [frame] = framesOf({ change: { key: "ns/a", object: shown } }, isShown);
    expect(frame).not.toHaveProperty("cursor");
  });
});

describe("a history", () => {
  let version: string | undefined;
  let store: WritableStore<Sandbox, "namespace">;
  let history: SandboxHistory;
  let deliver: (changes: Change<Sandbox>[]) => void;
  let list: (at: string, ...sandboxes: Sandbox[]) => void;
  let watch: (at: string, sandbox: Sandbox) => void;

  beforeEach(() => {
    version = undefined;
    store = new WritableStore<Sandbox, "namespace">({ namespace: ({ metadata }) => [metadata.namespace ?? ""] });
    const handlers: ChangeHandler<Sandbox>[] = [];
    const listed: ((version: string) => void)[] = [];
    const source: EventSource = {
      store,
      get version() {
        return version;
      },
      subscribe: (handler) => void handlers.push(handler),
      onList: (handler) => void listed.push(handler),
    };
    history = new SandboxHistory(source);
    deliver = (changes) => {
      for (const change of changes) for (const handler of handlers) handler(change);
    };
    list = (at, ...sandboxes) => {
      version = undefined;
      deliver(store.replaceAll(sandboxes));
      version = at;
      for (const handler of listed) handler(at);
    };
    watch = (at, sandbox) => {
      version = at;
      deliver(store.set(sandbox));
    };
  });

  it("starts with what there is", async () => {
    list("10", at("3", "a"), at("5", "b"));
    const { follower, sandboxes } = history.follow();
    expect(sandboxes?.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
    expect(history.cursor).toBe("10");
    watch("12", at("12"));
    expect(await taken(follower)).toEqual(["12"]);
    expect(history.cursor).toBe("12");
  });

  it("goes on after a cursor", async () => {
    list("10");
    for (const seen of ["11", "12", "13"]) watch(seen, at(seen));
    const { follower, sandboxes } = history.follow("11");
    expect(sandboxes).toBeUndefined();
    expect(await taken(follower)).toEqual(["12", "13"]);
  });

  it("goes on after the list itself, and starts anew before it", () => {
    list("10");
    expect(history.follow("10").sandboxes).toBeUndefined();
    expect(history.follow("9").sandboxes).toEqual([]);
  });

  it("waits for what a cursor from another replica has seen already", async () => {
    list("10");
    const { follower, sandboxes } = history.follow("12");
    expect(sandboxes).toBeUndefined();
    for (const seen of ["11", "12", "13"]) watch(seen, at(seen));
    expect(await taken(follower)).toEqual(["13"]);
  });

  it("does not pass over what came later than the answer to a write, but is older", async () => {
    list("10", at("1", "a"), at("2", "b"));
    deliver(store.learn(at("15", "a")));
    const first = history.follow("10").follower;
    const [event] = await first.take(0, never);
    expect(event).toMatchObject({ cursor: "10", version: 15n });
    watch("13", at("13", "b"));
    version = "15";
    expect(await taken(history.follow(event?.cursor).follower)).toEqual(["15", "13"]);
  });

  it("tells of a deletion at its own version", async () => {
    list("10", at("1"));
    version = "14";
    deliver(store.delete("ns/a"));
    expect(await taken(history.follow("13").follower)).toEqual(["gone"]);
    expect(await taken(history.follow("14").follower)).toEqual([]);
  });

  it("after a gap tells who follows what a new list shows, without a cursor, and has others start anew", async () => {
    list("10", at("1", "a"), at("2", "b"));
    const { follower } = history.follow("10");
    list("20", at("17", "b"));
    const events = await follower.take(0, never);
    expect(events.map(({ change, cursor }) => [change.key, cursor])).toEqual([
      ["ns/b", undefined],
      ["ns/a", undefined],
    ]);
    expect(history.follow("19").sandboxes).toHaveLength(1);
    expect(history.follow("20").sandboxes).toBeUndefined();
  });

  it("forgets what is long ago", () => {
    list("10");
    for (let seen = 11; seen <= 11 + 4096; seen++) watch(String(seen), at(String(seen)));
    expect(history.follow("10").sandboxes).toBeDefined();
    expect(history.follow("11").sandboxes).toBeUndefined();
  });

  it("gives up a follower that takes nothing, and keeps nothing for one that is closed", async () => {
    list("10");
    const slow = history.follow("10").follower;
    const closed = history.follow("10").follower;
    closed.close();
    for (let seen = 11; seen <= 11 + 4096; seen++) watch(String(seen), at(String(seen)));
    expect(slow.overrun).toBe(true);
    expect(await slow.take(60_000, never)).toEqual([]);
    expect(closed.overrun).toBe(false);
    expect(await closed.take(0, never)).toEqual([]);
  });

  it("remembers less of large sandboxes, and never nothing", async () => {
    list("10");
    const slow = history.follow("10").follower;
    for (const seen of [11, 12, 13]) watch(String(seen), large(seen, 6 << 20));
    expect(slow.overrun).toBe(true);
    expect(history.follow("10").sandboxes).toBeDefined();
    expect(await taken(history.follow("11").follower)).toEqual(["12", "13"]);
    watch("14", large(14, 17 << 20));
    expect(await taken(history.follow("13").follower)).toEqual(["14"]);
  });

  it("ends the watch of a client that is far behind with what it was sent, and no cursor of what it was not", async () => {
    list("10");
    const ending = new AbortController();
    const { watchSandboxes } = watchHandlers(history, Promise.resolve(), ending.signal);
    const response = new SlowReply();
    const query = { all: true, cursor: "10", timeoutSeconds: 60 };
    const params = { namespace: "ns" };
    const watching = watchSandboxes({ params, query, signal: ending.signal, response } as never);
    watch("11", at("11"));
    await vi.waitFor(() => expect(response.frames).toHaveLength(1));
    for (const seen of [12, 13, 14]) watch(String(seen), large(seen, 6 << 20));
    response.read();
    await watching;
    expect(response.frames).toMatchObject([{ type: "added", cursor: "11" }]);
    expect(response.writableEnded).toBe(true);
  });

  it("hands out a few events at a time, so that a slow reader holds no more", async () => {
    list("10");
    const { follower } = history.follow("10");
    for (let seen = 11; seen < 11 + 40; seen++) watch(String(seen), at(String(seen)));
    const counts = [await taken(follower), await taken(follower), await taken(follower)].map(({ length }) => length);
    expect(counts).toEqual([16, 16, 8]);
  });

  it("wakes a follower at once, and lets it go when its request ends", async () => {
    list("10");
    const { follower } = history.follow("10");
    const waiting = taken(follower);
    watch("11", at("11"));
    expect(await waiting).toEqual(["11"]);
    const ending = new AbortController();
    const none = follower.take(60_000, ending.signal);
    ending.abort();
    expect(await none).toEqual([]);
  });
});
