import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Sandbox, SandboxStatus } from "../../../src/api/sandbox.ts";
import { logReader } from "../../../src/gateway/logs/read.ts";
import { ConnectionError } from "../../../src/kube/api-error.ts";
import { POD } from "../../../src/kube/objects.ts";
import type { PodLogOptions } from "../../../src/kube/pod-log.ts";
import { refused } from "../../support/memory-kube.ts";
import { aSandbox } from "./a-sandbox.ts";

const signal = new AbortController().signal;

function ago(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toISOString();
}

const running = aSandbox({ status: { phase: "Started", startedAt: ago(100), podName: "pod-1" } });

function finished(secondsAgo: number): Sandbox {
  const status: SandboxStatus = {
    phase: "Finished",
    startedAt: ago(900),
    reason: "Error",
    exitCode: 3,
    podName: "pod-1",
  };
  return aSandbox({ status: { ...status, finishedAt: ago(secondsAgo) } });
}

describe("logReader", () => {
  it.each([
    ["a sandbox that runs", running],
    ["one that finished a moment ago", finished(30)],
  ])("reads the part asked for of the Pod's log of %s", async (_, sandbox) => {
    const asked: PodLogOptions[] = [];
    const read = logReader(async (options) => {
      asked.push(options);
      return Readable.from("log");
    });
    expect(await (await read(sandbox, { tailLines: 3, follow: true }, signal)).toArray()).toEqual(["log"]);
    const part = { tailLines: 3, follow: true };
    expect(asked).toEqual([{ namespace: "ns", pod: "pod-1", container: "sandbox", signal, ...part }]);
  });

  it.each<[what: string, sandbox: Sandbox, error: Error, code: string, message: RegExp]>([
    [
      "the Pod has gone",
      finished(30),
      refused(404, "NotFound", POD, { name: "a" }),
      "failed_precondition",
      /Error 30 s ago.*stays for 60 s/,
    ],
    [
      "it never started",
      finished(30),
      refused(400, "BadRequest", POD, { name: "a" }),
      "failed_precondition",
      /finished with Error/,
    ],
    ["the Pod was deleted", running, refused(404, "NotFound", POD, { name: "a" }), "unavailable", /try again/],
    [
      "the account may not",
      running,
      refused(403, "Forbidden", POD, { name: "a" }),
      "not_supported",
      /gateway\.podLogs/,
    ],
  ])("refuses in words when %s", async (_, sandbox, error, code, message) => {
    const read = logReader(async () => {
      throw error;
    });
    await expect(read(sandbox, {}, signal)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("asks for no Pod that may be another's by now", async () => {
    const read = logReader(async () => Readable.from("another's"));
    await expect(read(finished(61), {}, signal)).rejects.toMatchObject({ code: "failed_precondition" });
  });

  it("asks for no Pod on behalf of a sandbox that never had one: another's may have its name", async () => {
    const read = logReader(async () => Readable.from("another's"));
    const status: SandboxStatus = { phase: "Finished", reason: "Rejected", finishedAt: ago(1) };
    const message = expect.stringMatching(/finished with Rejected/);
    await expect(read(aSandbox({ status }), {}, signal)).rejects.toMatchObject({
      code: "failed_precondition",
      message,
    });
  });

  it("hands on what it cannot explain", async () => {
    const read = logReader(async () => {
      throw new ConnectionError("broken");
    });
    await expect(read(running, {}, signal)).rejects.toThrow("broken");
  });
});
