import { expect, test } from "vitest";
import { objectionTo } from "../../../../src/api/class/objection.ts";
import type { PatchSandbox } from "../../../../src/api/sandbox-http.ts";
import { sandboxClassSchema } from "../../../../src/api/sandbox-class.ts";
import type { Network } from "../../../../src/api/schema/network.ts";
import { networkCheck } from "../../../../src/gateway/sandboxes/network-check.ts";
import { aSandbox } from "../a-sandbox.ts";

type NetworkPatch = NonNullable<PatchSandbox["spec"]["network"]>;

const { signal } = new AbortController();

/** The Secrets whose use was asked for, and what the class had against the change. */
async function checked(network: Network, patch: NetworkPatch, domains: boolean) {
  const asked: (string | undefined)[] = [];
  const objections: (string | undefined)[] = [];
  const sandboxClass = sandboxClassSchema.parse({ metadata: { name: "c" }, spec: { network: { domains } } });
  const check = networkCheck(
    async (sandbox, _, judge = objectionTo) => void objections.push(judge(sandbox.spec, sandboxClass)?.reason),
    async (_, { verb, resource, name }) => void asked.push(`${verb} ${resource} ${name}`),
  );
  await check(aSandbox({ spec: { network } }), patch, { username: "u" }, signal);
  return { asked, objection: objections[0] };
}

test.each<[string, Network, NetworkPatch, boolean, string | undefined]>([
  ["domains", {}, { outbound: { domains: ["a.example"] } }, true, undefined],
  ["domains of a class without", {}, { outbound: { domains: ["a.example"] } }, false, "DomainsNotAllowed"],
  ["none", { outbound: { domains: ["a.example"] } }, { outbound: null }, false, undefined],
  ["no domains", { outbound: { domains: ["a.example"] } }, { outbound: { domains: [] } }, false, undefined],
  ["a block", {}, { block: true }, false, undefined],
  ["a proxy", {}, { proxyName: "p" }, true, undefined],
  ["a proxy beside addresses", { outbound: { cidrs: ["1.0.0.0/8"] } }, { proxyName: "p" }, true, "DomainsNotAllowed"],
  ["addresses beside a proxy", { proxyName: "p" }, { outbound: { cidrs: ["1.0.0.0/8"] } }, true, "DomainsNotAllowed"],
  [
    "addresses instead of one",
    { proxyName: "p" },
    { proxyName: null, outbound: { cidrs: ["1.0.0.0/8"] } },
    true,
    undefined,
  ],
])("a change to %s", async (_, network, patch, domains, objection) => {
  const { asked, ...said } = await checked(network, patch, domains);
  expect(said).toEqual({ objection });
  expect(asked).toEqual(typeof patch.proxyName === "string" ? ["get secrets p"] : []);
});
