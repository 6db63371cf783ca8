import { expect, it } from "vitest";
import type { Sandbox } from "../../../../src/api/sandbox.ts";
import { addressesIn } from "../../../../src/gateway/tunnels/addresses.ts";
import type { Pod } from "../../../../src/kube/objects.ts";
import { aSandbox } from "../a-sandbox.ts";

const owner = { apiVersion: "sandkeep.dev/v1alpha1", kind: "Sandbox", name: "a", uid: "uid-1" };
const own: Pod = {
  metadata: { name: "a", namespace: "ns", ownerReferences: [owner] },
  status: { podIP: "10.1.2.3" },
};
const deletionTimestamp = "2026-01-01T00:00:01Z";

const table: [string, Sandbox, Pod | undefined, string | undefined][] = [
  ["its Pod's", aSandbox(), own, "10.1.2.3"],
  ["none before there is a Pod", aSandbox(), undefined, undefined],
  ["none before the Pod has one", aSandbox(), { metadata: own.metadata }, undefined],
  [
    "none of a Pod that an earlier sandbox of the name has left",
    aSandbox(),
    { ...own, metadata: { ...own.metadata, ownerReferences: [{ ...owner, uid: "uid-0" }] } },
    undefined,
  ],
  ["none of anybody's Pod", aSandbox(), { ...own, metadata: { name: "a", namespace: "ns" } }, undefined],
  ["none of a Pod that goes", aSandbox(), { ...own, metadata: { ...own.metadata, deletionTimestamp } }, undefined],
  ["none once it is to end", aSandbox({ spec: { desiredState: "Terminated" } }), own, undefined],
  ["none once it is being deleted", aSandbox({ deletionTimestamp }), own, undefined],
  ["none once it has finished", aSandbox({ status: { phase: "Finished" } }), own, undefined],
];

it.each(table)("knows an address of a sandbox: %s", (_, sandbox, pod, address) => {
  const store = { get: (key: string) => (key === "ns/a" ? pod : undefined) };
  expect(addressesIn({ silence: 0, store })(sandbox)).toBe(address);
});

it.each([
  [90_000, "10.1.2.3"],
  [200_000, undefined],
])("after %i ms without a word of Pods an address is %s", (silence, address) => {
  expect(addressesIn({ silence, store: { get: () => own } })(aSandbox())).toBe(address);
});
