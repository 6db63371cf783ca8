import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Sandbox } from "../../../src/api/sandbox.ts";
import type { SendToAgent } from "../../../src/gateway/agent/send.ts";
import { UseTeller } from "../../../src/gateway/sandboxes/use.ts";
import { silentLog } from "../../support/silent-log.ts";
import { aSandbox } from "./a-sandbox.ts";

const idle = (idleTimeoutSeconds: number) => aSandbox({ spec: { idleTimeoutSeconds } });
let told: number[];
let teller: UseTeller;
let stopping: AbortController;
let answer: () => Promise<void>;
let current: Sandbox | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  answer = () => Promise.resolve();
  stopping = new AbortController();
  current = aSandbox();
  const send: SendToAgent = async (name, _, { method, path }) => {
    expect([name, method, path]).toEqual([{ namespace: "ns", name: "a" }, "POST", "/use"]);
    told.push(Date.now());
    await answer();
    return { status: 204, headers: {}, body: Readable.from([]) };
  };
  teller = new UseTeller(send, () => current, { log: silentLog, signal: stopping.signal });
});
afterEach(() => {
  stopping.abort();
  vi.useRealTimers();
});

/** How long after the start the agent was told, in seconds. */
async function after(milliseconds: number): Promise<number[]> {
  const start = told[0] ?? 0;
  await vi.advanceTimersByTimeAsync(milliseconds);
  return told.map((time) => (time - start) / 1000);
}

describe("the agent of a sandbox with an idle timeout", () => {
  it("is told of use at once, as long as it goes on, and of its end", async () => {
    const end = teller.begin(idle(60));
    expect(await after(29_000)).toEqual([0, 10, 20]);
    end();
    expect(await after(60_000)).toEqual([0, 10, 20, 30]);
  });

  it("is told of many requests no more often than it needs", async () => {
    for (let request = 0; request < 100; request++) {
      teller.begin(idle(8))();
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(await after(60_000)).toEqual([0, 2, 4, 6, 8, 10]);
  });

  it("is told again when that has failed", async () => {
    answer = () => Promise.reject(new Error("away"));
    const end = teller.begin(idle(8));
    expect(await after(5000)).toEqual([0, 2, 4]);
    end();
  });

  it("is told nothing where there is no idle timeout, and once the gateway ends", async () => {
    teller.begin(aSandbox());
    expect(await after(60_000)).toEqual([]);
    teller.begin(idle(8));
    stopping.abort();
    expect(await after(60_000)).toEqual([0]);
  });

  it.each([undefined, aSandbox({ spec: { desiredState: "Terminated" } })])(
    "is told nothing once it ends",
    async (end) => {
      teller.begin(idle(8));
      await vi.advanceTimersByTimeAsync(3000);
      current = end;
      expect(await after(60_000)).toEqual([0, 2]);
    },
  );
});
