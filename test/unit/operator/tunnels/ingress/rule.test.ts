import { expect, it } from "vitest";
import type { SandboxSpecInput } from "../../../../../src/api/sandbox.ts";
import { allowPolicyFor, networkLabel } from "../../../../../src/operator/network/policy.ts";
import { networkRule } from "../../../../../src/operator/network/rule.ts";
import { ruleFor } from "../../../../../src/operator/sandbox/pod-inputs.ts";
import { entriesOf } from "../../../../../src/operator/tunnels/ingress/rule.ts";
import { aClass, aSandbox, facts, observed, settings } from "../../builders.ts";
import { ingressTerms } from "./terms.ts";

const { tunnels } = settings;
const anywhere = [{ ipBlock: { cidr: "0.0.0.0/0" } }, { ipBlock: { cidr: "::/0" } }];
const labelled = [{ namespaceSelector: { matchLabels: { "sandkeep.dev/ingress-controller": "true" } } }];
const tcp = (port: number) => ({ port, protocol: "TCP" });

/** What the policy lets in besides gateway and operator. */
function letIn(spec: SandboxSpecInput, members: object = {}) {
  const entries = entriesOf(aSandbox(spec), ingressTerms(members));
  const cluster = { namespace: "system", dnsCidrs: [], closed: facts.closed };
  return allowPolicyFor("n", networkRule({}, undefined, entries), cluster)?.spec?.ingress?.slice(1);
}

const rows: [what: string, spec: SandboxSpecInput, members: object, ingress: object[]][] = [
  ["nobody without tunnels", {}, {}, []],
  ["controllers of namespaces with a label", { tunnels: [{ port: 80 }] }, {}, [{ from: labelled, ports: [tcp(80)] }]],
  [
    "controllers that the class names",
    { tunnels: [{ port: 80 }] },
    {
      controllers: [
        { pods: { namespaceLabels: { a: "b" }, podLabels: { c: "d" } } },
        { pods: { namespaceLabels: {} } },
        { cidr: "192.0.2.7/32" },
      ],
    },
    [
      {
        from: [
          { namespaceSelector: { matchLabels: { a: "b" } }, podSelector: { matchLabels: { c: "d" } } },
          { namespaceSelector: {} },
          { ipBlock: { cidr: "192.0.2.7/32" } },
        ],
        ports: [tcp(80)],
      },
    ],
  ],
  ["no controller where the class names none", { tunnels: [{ port: 80 }] }, { controllers: [] }, []],
  [
    "anybody to what a Service passes on",
    { tunnels: [{ port: 90, protocol: "HTTP2" }, { port: 70, protocol: "TCP" }, { port: 80 }] },
    {},
    [
      { from: labelled, ports: [tcp(80), tcp(90)] },
      { from: anywhere, ports: [tcp(70)] },
    ],
  ],
  [
    "whom the sandbox admits",
    { tunnels: [{ port: 70, protocol: "TCP" }], network: { inbound: { cidrs: ["192.0.2.9/24"] } } },
    {},
    [{ from: [{ ipBlock: { cidr: "192.0.2.0/24" } }], ports: [tcp(70)] }],
  ],
  [
    "nobody where it admits none",
    { tunnels: [{ port: 70, protocol: "TCP" }], network: { inbound: { cidrs: [] } } },
    {},
    [],
  ],
];

it.each(rows)("lets in %s", (_what, spec, members, ingress) => {
  expect(letIn(spec, members)).toEqual(ingress);
});

it.each([true, false])("lets controllers in where the operator may make Ingresses: %j", (ingress) => {
  const sandbox = aSandbox({ tunnels: [{ port: 80 }] });
  const sandboxClass = aClass({ tunnels: ingressTerms() });
  const rule = ruleFor(
    observed({ sandbox, sandboxClass, settings: { ...settings, tunnels: { ...tunnels, ingress } } }),
  );
  expect(rule).toEqual(networkRule({}, undefined, ingress ? entriesOf(sandbox, ingressTerms()) : []));
});

function labelOf(...ports: number[]): string {
  const sandbox = aSandbox({ tunnels: ports.map((port) => ({ port })) });
  return networkLabel(networkRule({}, undefined, entriesOf(sandbox, ingressTerms())));
}

it("has one policy for sandboxes that publish the same ports", () => {
  expect(labelOf(80, 81)).toBe(labelOf(81, 80));
  expect(labelOf(80)).not.toBe(labelOf(81));
  expect(labelOf()).toBe(networkLabel(networkRule()));
});
