import { Readable } from "node:stream";
import { beforeEach, expect, it } from "vitest";
import { LinkError } from "../../../src/agent-link/link-error.ts";
import type { Link, LinkResponse } from "../../../src/agent-link/link.ts";
import { SANDBOX, type Sandbox, type SandboxSpecInput, type SandboxStatus } from "../../../src/api/sandbox.ts";
import { agentSender } from "../../../src/gateway/agent/send.ts";
import { SandboxDirectory } from "../../../src/gateway/sandboxes/directory.ts";
import { MemoryKube } from "../../support/memory-kube.ts";
import { aSandbox } from "./a-sandbox.ts";
import { stubSource } from "./stub-source.ts";

const running: SandboxStatus = { phase: "Started", startedAt: "2026-01-01T00:00:10.000000Z", podName: "a" };
const ending: SandboxSpecInput = { desiredState: "Terminated" };
const broken = new LinkError("Cannot reach the agent of ns/a: the connection failed", { code: "unavailable" });
const answer: LinkResponse = { status: 200, headers: {}, body: Readable.from([]) };

let kube: MemoryKube;
let links: (LinkResponse | LinkError)[];
beforeEach(() => {
  kube = new MemoryKube();
  links = [];
});

const link = {
  async request() {
    const next = links.shift() ?? broken;
    if (next instanceof LinkError) throw next;
    return next;
  },
} as Partial<Link> as Link;

/** Sends a request when the store shows the sandbox running, and the API server has it as it is `now`. */
async function send(method: "GET" | "PUT", now: Sandbox, repeatable = true): Promise<LinkResponse> {
  const source = stubSource<Sandbox, "namespace">({ namespace: ({ metadata }) => [metadata.namespace ?? ""] });
  const directory = new SandboxDirectory(source, kube);
  source.show(aSandbox({ status: running, resourceVersion: "1" }));
  kube.put(SANDBOX, now);
  const { signal } = new AbortController();
  const asked = { method, path: "/", signal, repeatable };
  return await agentSender(directory, { get: () => link })({ namespace: "ns", name: "a" }, 1, asked);
}

const table: [what: string, method: "GET" | "PUT", now: Sandbox, sent: number, code: string | undefined][] = [
  ["is sent again over another", "PUT", aSandbox({ status: running }), 2, undefined],
  [
    "to one that has finished ends with how",
    "GET",
    aSandbox({ status: { phase: "Finished" } }),
    1,
    "failed_precondition",
  ],
  ["to one that is being ended ends", "PUT", aSandbox({ spec: ending, status: running }), 1, "failed_precondition"],
  [
    "is sent again to one that is being ended where it reads",
    "GET",
    aSandbox({ spec: ending, status: running }),
    2,
    undefined,
  ],
];

it.each(table)("a request whose link breaks %s", async (_, method, now, sent, code) => {
  links = [broken, answer];
  const sending = send(method, now);
  if (code === undefined) expect(await sending).toBe(answer);
  else await expect(sending).rejects.toMatchObject({ code });
  expect(2 - links.length).toBe(sent);
});

it("gives up after three links, and after one where twice is not the same as once", async () => {
  links = [broken, broken, broken, answer];
  await expect(send("GET", aSandbox({ status: running }))).rejects.toBe(broken);
  expect(links).toEqual([answer]);
  links = [broken, answer];
  await expect(send("PUT", aSandbox({ status: running }), false)).rejects.toBe(broken);
});
