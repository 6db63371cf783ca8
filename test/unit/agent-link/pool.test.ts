import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LinkError } from "../../../src/agent-link/link-error.ts";
import type { Link } from "../../../src/agent-link/link.ts";
import type { LinkTarget } from "../../../src/agent-link/open.ts";
import { LinkPool } from "../../../src/agent-link/pool.ts";
import { eventually } from "../../support/eventually.ts";
import { farEnd, type FarEnd } from "./far-end.ts";

const a: LinkTarget = { namespace: "ns", pod: "a", uid: "1" };

describe("LinkPool", () => {
  let ends: FarEnd[];
  let opened: LinkTarget[];
  const open = async (target: LinkTarget): Promise<Link> => {
    opened.push(target);
    const end = await farEnd((stream) => {
      stream.respond({ ":status": 200 });
    });
    ends.push(end);
    return end.link;
  };

  beforeEach(() => {
    ends = [];
    opened = [];
  });
  afterEach(async () => {
    vi.useRealTimers();
    await Promise.all(ends.map((end) => end[Symbol.asyncDispose]()));
  });

  it("opens one link for requests that come together and keeps it for later ones", async () => {
    await using pool = new LinkPool({ open });
    const links = await Promise.all([pool.get(a), pool.get(a), pool.get(a)]);
    expect(new Set([...links, await pool.get(a)]).size).toBe(1);
    expect(opened).toHaveLength(1);
  });

  it("opens another for a Pod of the same name with another uid, and closes the old one", async () => {
    await using pool = new LinkPool({ open });
    const first = await pool.get(a);
    const second = await pool.get({ ...a, uid: "2" });
    expect(second).not.toBe(first);
    expect(first.open).toBe(false);
  });

  it("opens another once a link has broken", async () => {
    await using pool = new LinkPool({ open });
    const first = await pool.get(a);
    ends[0]?.near.destroy(new Error("cut"));
    await eventually(() => expect(first.open).toBe(false));
    expect(await pool.get(a)).not.toBe(first);
  });

  it("lets one waiter leave without harm to the others", async () => {
    await using pool = new LinkPool({ open });
    const leaving = new AbortController();
    const left = pool.get(a, leaving.signal);
    const stayed = pool.get(a);
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    expect((await stayed).open).toBe(true);
  });

  it("waits longer after each failure, from 100 ms to 5 s, and forgets it after a success", async () => {
    vi.useFakeTimers();
    let failing = true;
    const times: number[] = [];
    await using pool = new LinkPool({
      open: async (target) => {
        times.push(performance.now());
        if (failing) throw new LinkError("no");
        return await open(target);
      },
    });
    for (let i = 0; i < 9; i++) {
      const attempt = expect(pool.get(a)).rejects.toThrow("no");
      await vi.advanceTimersByTimeAsync(5_000);
      await attempt;
    }
    failing = false;
    const last = pool.get(a);
    await vi.advanceTimersByTimeAsync(5_000);
    await last;
    expect(times).toHaveLength(10);
    pool.evict(a);
    await pool.get(a);
    expect(times).toHaveLength(11);
  });

  it("closes a link that nobody has used for a while", async () => {
    vi.useFakeTimers();
    await using pool = new LinkPool({ open, idleMilliseconds: 60_000 });
    const link = await pool.get(a);
    await vi.advanceTimersByTimeAsync(50_000);
    expect(link.open).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(link.open).toBe(false);
  });

  it("keeps a link on which a request is under way", async () => {
    vi.useFakeTimers();
    await using pool = new LinkPool({ open, idleMilliseconds: 60_000 });
    const link = await pool.get(a);
    const { body } = await link.request({ method: "GET", path: "/" });
    await vi.advanceTimersByTimeAsync(300_000);
    expect(link.open).toBe(true);
    body.destroy();
  });

  it("makes room by closing the longest idle link, and refuses when all are in use", async () => {
    await using pool = new LinkPool({ open, max: 2 });
    const first = await pool.get(a);
    const second = await pool.get({ ...a, pod: "b" });
    const used = await second.request({ method: "GET", path: "/" });
    const third = await pool.get({ ...a, pod: "c" });
    expect([first.open, second.open, third.open]).toEqual([false, true, true]);
    const alsoUsed = await third.request({ method: "GET", path: "/" });
    await expect((async () => pool.get({ ...a, pod: "d" }))()).rejects.toMatchObject({ code: "resource_exhausted" });
    used.body.destroy();
    alsoUsed.body.destroy();
  });

  it("lets replies under way end when their sandbox is evicted, and opens another link for new ones", async () => {
    await using pool = new LinkPool({ open });
    const link = await pool.get(a);
    const { body } = await link.request({ method: "GET", path: "/" });
    pool.evict(a);
    expect(await pool.get(a)).not.toBe(link);
    expect(link.streams).toBe(1);
    body.destroy();
    await eventually(() => expect(ends[0]?.near.destroyed).toBe(true));
  });

  it("lets replies under way end on a link that is going away, and opens another link for new ones", async () => {
    await using pool = new LinkPool({ open });
    const link = await pool.get(a);
    const { body } = await link.request({ method: "GET", path: "/" });
    ends[0]?.goAway();
    await eventually(() => expect(link.open).toBe(false));
    expect(await pool.get(a)).not.toBe(link);
    expect(link.streams).toBe(1);
    body.destroy();
    await eventually(() => expect(ends[0]?.near.destroyed).toBe(true));
  });

  it("closes a link that was evicted while it opened", async () => {
    const { promise, resolve } = Promise.withResolvers<Link>();
    await using pool = new LinkPool({ open: () => promise });
    const wanted = pool.get(a);
    pool.evict(a);
    const link = await open(a);
    resolve(link);
    await wanted;
    await eventually(() => expect(link.open).toBe(false));
  });

  it("closes all links and opens none when it is disposed", async () => {
    const pool = new LinkPool({ open });
    const link = await pool.get(a);
    await pool[Symbol.asyncDispose]();
    expect(link.open).toBe(false);
    await expect((async () => pool.get(a))()).rejects.toMatchObject({ code: "unavailable" });
  });
});
