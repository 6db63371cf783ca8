import { Readable } from "node:stream";
import { afterEach, expect, test, vi } from "vitest";
import type { LinkResponse } from "../../../../src/agent-link/link.ts";
import { Inquiries, type InquiriesOptions } from "../../../../src/operator/sandbox/inquiries.ts";
import { limitsId, limitsQuestion, type TimeLimits } from "../../../../src/operator/sandbox/limits.ts";
import type { ReadinessObservation } from "../../../../src/operator/sandbox/observed.ts";
import { readinessQuestion } from "../../../../src/operator/sandbox/readiness.ts";
import { eventually } from "../../../support/eventually.ts";
import { silentLog } from "../../../support/silent-log.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

type OpenLink = Awaited<ReturnType<InquiriesOptions["open"]>>;

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

function proberOver(
  open: InquiriesOptions["open"],
  most?: number,
): { prober: Inquiries<ReadinessObservation>; reported: string[] } {
  const reported: string[] = [];
  const report = (key: string): void => void reported.push(key);
  return { prober: new Inquiries({ open, report, log: silentLog, ...(most === undefined ? {} : { most }) }), reported };
}

test("what the agent decides is kept, reported once, and the link is closed", async () => {
  const link = linkThat({ state: "pending" }, { state: "ready" });
  const { prober, reported } = proberOver(() => Promise.resolve(link));
  await using _ = prober;
  prober.ensure("n/s", readinessQuestion(target));
  prober.ensure("n/s", readinessQuestion(target));
  await eventually(() => expect(reported).toEqual(["n/s"]));
  expect(prober.answer("n/s", "p1")).toEqual({ state: "ready", message: "" });
  expect(prober.answer("n/s", "p2")).toBeUndefined();
  await eventually(() => expect(link.closed).toBe(true));
});

test("a link that breaks is opened again", async () => {
  const links = [linkThat({ state: "pending" }), linkThat({ state: "failed", message: "refused" })];
  const { prober, reported } = proberOver(() => {
    const link = links.shift();
    return link === undefined ? Promise.reject(new Error("no more")) : Promise.resolve(link);
  });
  await using _ = prober;
  prober.ensure("n/s", readinessQuestion(target));
  await eventually(() => expect(reported).toEqual(["n/s"]));
  expect(prober.answer("n/s", "p1")).toEqual({ state: "failed", message: "refused" });
});

test("no more agents are asked at once than allowed, and a forgotten one makes room", async () => {
  const opened: string[] = [];
  const { prober } = proberOver(({ pod }, signal) => {
    opened.push(pod);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  }, 1);
  await using _ = prober;
  prober.ensure("n/a", readinessQuestion({ ...target, pod: "a" }));
  prober.ensure("n/b", readinessQuestion({ ...target, pod: "b" }));
  await eventually(() => expect(opened).toEqual(["a"]));
  prober.forget("n/a");
  await eventually(() => expect(opened).toEqual(["a", "b"]));
});

test("one namespace does not have all turns", async () => {
  const opened: string[] = [];
  const { prober } = proberOver(({ namespace, pod }, signal) => {
    opened.push(`${namespace}/${pod}`);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  }, 4);
  await using _ = prober;
  for (const pod of ["a", "b", "c", "d"]) prober.ensure(`n/${pod}`, readinessQuestion({ ...target, pod }));
  prober.ensure("m/a", readinessQuestion({ ...target, namespace: "m", pod: "a" }));
  await eventually(() => expect(opened).toEqual(["n/a", "n/b", "n/c", "m/a"]));
});

test("an answer that nobody wants any more when its link is closed is dropped", async () => {
  const link = linkThat({ state: "ready" });
  const { prober, reported } = proberOver(() =>
    Promise.resolve({
      request: () => link.request({ method: "GET", path: "/" }),
      async [Symbol.asyncDispose]() {
        prober.forget("n/s");
        await link[Symbol.asyncDispose]();
      },
    }),
  );
  prober.ensure("n/s", readinessQuestion(target));
  await eventually(() => expect(link.closed).toBe(true));
  await prober[Symbol.asyncDispose]();
  expect({ reported, answer: prober.answer("n/s", "p1"), has: prober.has("n/s") }).toEqual({
    reported: [],
    answer: undefined,
    has: false,
  });
});

test("an agent that does not answer for long is told of, and asked ever more seldom", async () => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  const reported: string[] = [];
  let opened = 0;
  await using inquiries = new Inquiries<TimeLimits>({
    open: () => {
      opened++;
      return Promise.resolve(linkThat(kept(1)));
    },
    report: (key) => void reported.push(key),
    log: silentLog,
    longestPause: 60_000,
  });
  const wanted = { timeoutSeconds: 600, idleTimeoutSeconds: 0 };
  const id = limitsId("p1", wanted);
  inquiries.ensure("n/s", limitsQuestion(target, 2, wanted));
  await vi.advanceTimersByTimeAsync(20_000);
  expect([inquiries.isMute("n/s", id), reported]).toEqual([false, []]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect([inquiries.isMute("n/s", id), reported]).toEqual([true, ["n/s"]]);
  const before = opened;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(opened - before).toBeLessThan(13);
  expect(reported).toEqual(["n/s"]);
  inquiries.forget("n/s");
  await vi.advanceTimersByTimeAsync(0);
  expect(inquiries.isMute("n/s", id)).toBe(false);
});

test("another Pod of the same name is asked anew", async () => {
  const links = [linkThat({ state: "ready" }), linkThat({ state: "failed", message: "" })];
  const { prober, reported } = proberOver(() => Promise.resolve(links.shift() ?? linkThat()));
  await using _ = prober;
  prober.ensure("n/s", readinessQuestion(target));
  await eventually(() => expect(reported).toHaveLength(1));
  prober.ensure("n/s", readinessQuestion({ ...target, uid: "p2" }));
  await eventually(() => expect(reported).toHaveLength(2));
  expect(prober.answer("n/s", "p2")?.state).toBe("failed");
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
  prober.ensure("n/s", readinessQuestion(target));
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
  prober.ensure("n/a", readinessQuestion({ ...target, pod: "a" }));
  prober.ensure("n/b", readinessQuestion({ ...target, pod: "b" }));
  await vi.advanceTimersByTimeAsync(95_000);
  prober.forget("n/a");
  prober.forget("n/b");
  expect(asked).toEqual(["a", "b", "a", "b"]);
});

function kept(timeoutSeconds: number): object {
  return { generation: 2, timeoutSeconds, idleTimeoutSeconds: 0 };
}

test("an agent is told limits until it keeps them, and other limits take the place of those under way", async () => {
  const answers = [linkThat(kept(300)), linkThat(), linkThat(kept(600))];
  const reported: string[] = [];
  await using inquiries = new Inquiries<TimeLimits>({
    open: () => Promise.resolve(answers.shift() ?? linkThat(kept(900))),
    report: (key) => void reported.push(key),
    log: silentLog,
  });
  const wanted = { timeoutSeconds: 600, idleTimeoutSeconds: 0 };
  inquiries.ensure("n/s", limitsQuestion(target, 2, wanted));
  await eventually(() => expect(reported).toEqual(["n/s"]));
  expect(inquiries.answer("n/s", limitsId("p1", wanted))).toEqual(wanted);

  const more = { timeoutSeconds: 900, idleTimeoutSeconds: 0 };
  inquiries.ensure("n/s", limitsQuestion(target, 3, more));
  expect(inquiries.answer("n/s", limitsId("p1", wanted))).toBeUndefined();
  await eventually(() => expect(inquiries.answer("n/s", limitsId("p1", more))).toEqual(more));
});

test("a longer timeout that the agent was told before is what it keeps, as far as it may be told one", async () => {
  await using inquiries = new Inquiries<TimeLimits>({
    open: () => Promise.resolve(linkThat(kept(500))),
    report: () => {},
    log: silentLog,
  });
  const wanted = { timeoutSeconds: 300, idleTimeoutSeconds: 0 };
  inquiries.ensure("n/s", limitsQuestion(target, 2, wanted, 600));
  inquiries.ensure("n/t", limitsQuestion(target, 2, wanted, 400));
  await eventually(() =>
    expect(inquiries.answer("n/s", limitsId("p1", wanted))).toEqual({ ...wanted, timeoutSeconds: 500 }),
  );
  expect(inquiries.has("n/t")).toBe(true);
  expect(inquiries.answer("n/t", limitsId("p1", wanted))).toBeUndefined();
  inquiries.forget("n/s");
  expect(inquiries.has("n/s")).toBe(false);
});

test("an agent whose answer does not end loses its turn, and one that waits no longer ends at once", async () => {
  vi.useFakeTimers();
  const asked: string[] = [];
  const inquiries = new Inquiries<TimeLimits>({
    open: ({ pod }) => {
      asked.push(pod);
      const body = new Readable({ read() {} });
      return Promise.resolve({
        request: () => Promise.resolve({ status: 200, headers: {}, body }),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
    },
    report: () => {},
    log: silentLog,
    most: 1,
  });
  const limits = { timeoutSeconds: 300, idleTimeoutSeconds: 0 };
  for (const pod of ["a", "b", "c"]) inquiries.ensure(`n/${pod}`, limitsQuestion({ ...target, pod }, 2, limits));
  inquiries.forget("n/b");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(inquiries.has("n/b")).toBe(false);
  expect(asked).toEqual(["a"]);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked).toEqual(["a", "c"]);
  await inquiries[Symbol.asyncDispose]();
});
