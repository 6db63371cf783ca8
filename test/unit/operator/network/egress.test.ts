import { describe, expect, test } from "vitest";
import { dnsFor, egressBehind, egressObjection, unresolvable } from "../../../../src/operator/network/egress.ts";
import { admissionOf } from "../../../../src/operator/sandbox/admission.ts";
import { classTermsFor } from "../../../../src/operator/sandbox/class-terms.ts";
import { podFor } from "../../../../src/operator/sandbox/pod.ts";
import { aClass, aSandbox, facts, observed } from "../builders.ts";

const service = {
  metadata: { name: "sandkeep-egress" },
  spec: {
    clusterIPs: ["10.96.0.53", "fd00::53"],
    ports: [
      { port: 53, protocol: "UDP" },
      { port: 53, protocol: "TCP" },
      { port: 443, protocol: "TCP" },
    ],
  },
};
const egress = egressBehind(service);
const withDomains = aClass({ network: { domains: true } });
const asking = aSandbox({ network: { outbound: { domains: ["example.com"] } } });

test("the Service tells where names are resolved and which ports there are", () => {
  expect(egress).toEqual({ nameservers: ["10.96.0.53", "fd00::53"], ports: service.spec.ports });
  expect(egressBehind(undefined)).toBeUndefined();
  expect(egressBehind({ ...service, spec: { ...service.spec, clusterIPs: ["None"] } })).toBeUndefined();
});

test.each([
  ["of a class with domains", withDomains, egress, "None"],
  ["of another class", aClass(), egress, undefined],
  ["where there is no egress part", withDomains, undefined, undefined],
])("what a Pod %s says about DNS", (_, { spec }, egress, policy) => {
  const dns = dnsFor(spec, egress);
  expect(dns.dnsPolicy).toBe(policy);
  if (policy) expect(dns.dnsConfig?.nameservers).toEqual(["10.96.0.53", "fd00::53"]);
});

test("a Pod keeps on which terms it was made, whatever becomes of its class", () => {
  const inputs = {
    sandboxClass: withDomains.spec,
    probe: undefined,
    facts: { ...facts, ...(egress && { egress }) },
    agentImage: "agent:1",
    network: "x",
    appLabels: {},
  };
  const pod = podFor(asking, inputs);
  expect(pod.spec?.dnsPolicy).toBe("None");
  expect(classTermsFor({ pod, sandboxClass: aClass(), facts })?.domains).toBe(true);
  expect(classTermsFor({ pod: podFor(asking, { ...inputs, facts }), sandboxClass: withDomains, facts })?.domains).toBe(
    false,
  );
});

describe("a sandbox that asks for names is refused in words", () => {
  test("where nobody resolves them", () => {
    expect(egressObjection(asking.spec, undefined)).toMatch(/^spec\.network\.outbound\.domains .* egress\.enabled/);
    expect(egressObjection(asking.spec, egress)).toBeUndefined();
    expect(egressObjection(aSandbox().spec, undefined)).toBeUndefined();
    const parts = observed({ sandbox: asking, sandboxClass: withDomains });
    expect(admissionOf(parts, {})).toMatchObject({ kind: "refused", ending: "Rejected", reason: "NoEgress" });
    expect(admissionOf({ ...parts, facts: { ...facts, ...(egress && { egress }) } }, {}).kind).toBe("accepted");
  });

  test("when it does so too late", () => {
    expect(unresolvable(asking.spec, false)).toMatch(/^spec\.network\.outbound\.domains came too late/);
    expect(unresolvable({ ...asking.spec, network: { proxyName: "p" } }, false)).toMatch(/^spec\.network\.proxyName/);
    expect(unresolvable(asking.spec, true)).toBeUndefined();
    expect(unresolvable(aSandbox().spec, false)).toBeUndefined();
  });
});
