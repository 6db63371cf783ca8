import { expect, it } from "vitest";
import { POD_ANNOTATIONS } from "../../../src/api/constants.ts";
import { SandkeepError } from "../../../src/api/errors.ts";
import type { Sandbox } from "../../../src/api/sandbox.ts";
import { lifeCheck } from "../../../src/gateway/sandboxes/life-check.ts";
import { POD, type Pod } from "../../../src/kube/objects.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { aSandbox } from "./a-sandbox.ts";

const signal = new AbortController().signal;

function podOf(uid: string, maximum: string): Pod {
  const owner = { apiVersion: "sandkeep.dev/v1alpha1", kind: "Sandbox", name: "a", uid };
  const annotations = { [POD_ANNOTATIONS.maxTimeoutSeconds]: maximum };
  return { metadata: { name: "a", namespace: "ns", ownerReferences: [owner], annotations } };
}

const spec = { timeoutSeconds: 300 };
const waiting = aSandbox({ spec });
const running = aSandbox({ spec, status: { phase: "Started", scheduledAt: "2026-01-01T00:00:01Z" } });

async function classOfToday({ spec: { timeoutSeconds } }: Sandbox): Promise<void> {
  if (timeoutSeconds > 600) throw new SandkeepError("invalid_argument", "sandbox", "the maximum of today");
}

const table: [what: string, sandbox: Sandbox, pod: Pod | undefined, asked: number, refusal: RegExp | undefined][] = [
  ["a raise that the class allowed at the start", running, podOf("uid-1", "900"), 900, undefined],
  ["a raise above that", running, podOf("uid-1", "500"), 501, /501 is more than 500, .*Class when it started\.$/],
  ["the present value, whatever the class has come to say", running, podOf("uid-1", "200"), 300, undefined],
  ["a raise of one whose Pod is gone", running, undefined, 900, undefined],
  ["what its class allows before there is a Pod", waiting, undefined, 600, undefined],
  ["more than that", waiting, undefined, 601, /today/],
  ["more than that beside an earlier sandbox's Pod", waiting, podOf("uid-0", "900"), 601, /today/],
];

function judge(known: Pod | undefined, there: Pod | undefined, sandbox: Sandbox, asked: number): Promise<void> {
  const kube = new MemoryKube();
  if (there !== undefined) kube.put(POD, there);
  const pods = { get: (key: string) => (key === "ns/a" ? known : undefined) };
  return lifeCheck(pods, kube, classOfToday)(sandbox, asked, signal);
}

it.each(table)("judges %s", async (_, sandbox, pod, asked, refusal) => {
  const check = judge(pod, undefined, sandbox, asked);
  if (refusal === undefined) await expect(check).resolves.toBeUndefined();
  else await expect(check).rejects.toMatchObject({ code: "invalid_argument", message: expect.stringMatching(refusal) });
});

it("asks for the Pod of one that was seen on a node and does not run yet", async () => {
  await expect(judge(undefined, podOf("uid-1", "900"), running, 900)).resolves.toBeUndefined();
  await expect(judge(undefined, podOf("uid-1", "500"), running, 501)).rejects.toThrow("501 is more than 500");
  await expect(judge(undefined, podOf("uid-0", "500"), running, 501)).resolves.toBeUndefined();
});
