import { Readable } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import type { LinkResponse } from "../../../../src/agent-link/link.ts";
import { Prober, type ProberOptions } from "../../../../src/operator/sandbox/prober.ts";
import { eventually } from "../../../support/eventually.ts";
import { silentLog } from "../../../support/silent-log.ts";

afterEach(() => void vi.useRealTimers());

type OpenLink = Awaited<ReturnType<ProberOptions["open"]>>;

const target = { namespace: "n", pod: "s", uid: "p1" };

function linkThat(...answers: object[]): OpenLink & { closed: boolean } {
  const left = [...answers];
  return {
    closed: false,
    request(): Promise<LinkResponse> {
      const answer = left.shift();
      if (answer === undefined) return Promise.reject(new Error("the link broke"));
      return Promise.resolve({ status: 200, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(answer))]) });
    },
    [Symbol.asyncDispose]() {
      this.closed = true;
      return Promise.resolve();
    },
  };
}

function proberOver(open: ProberOptions["open"], most?: number): { prober: Prober; reported: string[] } {
  const reported: string[] = [];
  const report = (key: string): void => void reported.push(key);
  return { prober: new Prober({ open, report, log: silentLog, ...(most === undefined ? {} : { most }) }), reported };
}

test("what the agent decides is kept, reported once, and the link is closed", async () => {
  const link = linkThat({ state: "pending" }, { state: "ready" });
  const { prober, reported } = proberOver(() => Promise.resolve(link));
  await using _ = prober;
  prober.ensure("n/s", target);
  prober.ensure("n/s", target);
  await eventually(() => expect(reported).toEqual(["n/s"]));
  expect(prober.observation("n/s", "p1")).toEqual({ state: "ready", message: "" });
  expect(prober.observation("n/s", "p2")).toBeUndefined();
  await eventually(() => expect(link.closed).toBe(true));
});

test("a link that breaks is opened again", async () => {
  const links = [linkThat({ state: "pending" }), linkThat({ state: "failed", message: "refused" })];
  const { prober, reported } = proberOver(() => {
    const link = links.shift();
    return link === undefined ? Promise.reject(new Error("no more")) : Promise.resolve(link);
  });
  await using _ = prober;
  prober.ensure("n/s", target);
  await eventually(() => expect(reported).toEqual(["n/s"]));
  expect(prober.observation("n/s", "p1")).toEqual({ state: "failed", message: "refused" });
});

test("no more agents are asked at once than allowed, and a forgotten one makes room", async () => {
  const opened: string[] = [];
  const { prober } = proberOver(({ pod }, signal) => {
    opened.push(pod);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  }, 1);
  await using _ = prober;
  prober.ensure("n/a", { ...target, pod: "a" });
  prober.ensure("n/b", { ...target, pod: "b" });
  await eventually(() => expect(opened).toEqual(["a"]));
  prober.forget("n/a");
  await eventually(() => expect(opened).toEqual(["a", "b"]));
});

test("another Pod of the same name is asked anew", async () => {
  const links = [linkThat({ state: "ready" }), linkThat({ state: "failed", message: "" })];
  const { prober, reported } = proberOver(() => Promise.resolve(links.shift() ?? linkThat()));
  await using _ = prober;
  prober.ensure("n/s", target);
  await eventually(() => expect(reported).toHaveLength(1));
  prober.ensure("n/s", { ...target, uid: "p2" });
  await eventually(() => expect(reported).toHaveLength(2));
  expect(prober.observation("n/s", "p2")?.state).toBe("failed");
});

test("an agent that says pending at once, over and over, is asked ever more seldom", async () => {
  vi.useFakeTimers();
  let asked = 0;
  const link: OpenLink = {
    request(): Promise<LinkResponse> {
      if (++asked > 100) return new Promise(() => {});
      return Promise.resolve({ status: 200, headers: {}, body: Readable.from([Buffer.from('{"state":"pending"}')]) });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const { prober } = proberOver(() => Promise.resolve(link));
  prober.ensure("n/s", target);
  await vi.advanceTimersByTimeAsync(10_000);
  prober.forget("n/s");
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThan(60);
});

test("those that wait for their turn get it although others stay pending", async () => {
  vi.useFakeTimers();
  const asked: string[] = [];
  const { prober } = proberOver(({ pod }) => {
    asked.push(pod);
    const pending = Readable.from([Buffer.from('{"state":"pending"}')]);
    return Promise.resolve({
      request: () =>
        new Promise((resolve) => setTimeout(() => resolve({ status: 200, headers: {}, body: pending }), 30_000)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  }, 1);
  prober.ensure("n/a", { ...target, pod: "a" });
  prober.ensure("n/b", { ...target, pod: "b" });
  await vi.advanceTimersByTimeAsync(95_000);
  prober.forget("n/a");
  prober.forget("n/b");
  expect(asked).toEqual(["a", "b", "a", "b"]);
});
