import { expect, it } from "vitest";
import { tunnelProblem, tunnelTerms } from "../../../src/api/class/tunnels.ts";
import { sandboxClassSchema } from "../../../src/api/sandbox-class.ts";
import { sandboxSpecSchema } from "../../../src/api/sandbox.ts";

const spec = sandboxSpecSchema.parse({ image: "busybox", tunnels: [{ port: 80 }] });

function classOf(tunnels?: object) {
  return sandboxClassSchema.parse({ metadata: { name: "c" }, spec: tunnels && { tunnels } }).spec;
}

const terms: [customDomain: string | undefined, ofClass: object | undefined, domain: string, connectDomain: string][] =
  [
    [undefined, undefined, "gateway.example", "gateway.example"],
    [undefined, { domain: "class.example" }, "class.example", "class.example"],
    ["own.example", { domain: "class.example" }, "own.example", "class.example"],
    ["Own.Example", undefined, "own.example", "gateway.example"],
    [undefined, { mode: "Ingress", domain: "class.example" }, "class.example", "gateway.example"],
  ];

it.each(terms)(
  "with domain %s and class %j hosts are below %s, those for tokens below %s",
  (own, ofClass, ...domains) => {
    const { domain, connectDomain } = tunnelTerms(
      own === undefined ? {} : { customDomain: own },
      classOf(ofClass),
      "gateway.example",
    );
    expect([domain, connectDomain]).toEqual(domains);
  },
);

it.each([
  [{ ingressClassName: "nginx" }, "ingressClassName is for mode Ingress"],
  [{ annotations: { a: "b" } }, "annotations is for mode Ingress"],
  [{ http2Annotations: {} }, "http2Annotations is for mode Ingress"],
  [{ inboundAnnotation: "a" }, "inboundAnnotation is for mode Ingress"],
  [{ certificateSecret: "s" }, "certificateSecret is for mode Ingress"],
  [{ port: 8443 }, "port is for mode Ingress"],
  [{ controllers: [] }, "controllers is for mode Ingress"],
  [{ waitForAddress: false }, "waitForAddress is for mode Ingress"],
  [{ tcpService: { type: "LoadBalancer" } }, "tcpService is for mode Ingress"],
  [{ mode: "Ingress", domain: "a.example", tcpPorts: { first: 1, last: 2 } }, "tcpPorts is for mode Gateway"],
])("refuses tunnels under a class with %j, and says why", (ofClass, why) => {
  expect(tunnelProblem(spec, classOf(ofClass))).toContain(why);
  expect(tunnelProblem({ ...spec, tunnels: [] }, classOf(ofClass))).toBeUndefined();
});

it.each([
  [undefined, "there are none of"],
  [{ domain: "own.example" }, "there are none of"],
  [{ customDomains: ["a.example", "b.example"] }, "are a.example, b.example"],
])("refuses a custom domain under a class with %j, and names those that there are", (ofClass, which) => {
  const message = `spec.customDomain: own.example is not among tunnels.customDomains, which ${which}`;
  expect(tunnelProblem({ ...spec, customDomain: "own.example" }, classOf(ofClass))).toBe(message);
});

it("takes a custom domain that the class lists, however it is written", () => {
  const ofClass = classOf({ customDomains: ["own.Example"] });
  expect(tunnelProblem({ ...spec, customDomain: "Own.example" }, ofClass)).toBeUndefined();
});

it.each([[undefined], [{}], [{ domain: "class.example", tcpPorts: { first: 1, last: 2 } }]])(
  "has nothing against tunnels under a class with %j",
  (ofClass) => {
    expect(tunnelProblem(spec, classOf(ofClass))).toBeUndefined();
  },
);

const cidrs = ["192.0.2.0/24"];
const tunnelled: [what: string, asked: object, ofClass: object, problem: string | undefined][] = [
  ["TLS", { tunnels: [{ port: 80 }] }, {}, undefined],
  [
    "HTTP2",
    { tunnels: [{ port: 81, protocol: "HTTP2" }] },
    {},
    "spec.tunnels: port 81 cannot have protocol HTTP2 without tunnels.http2Annotations",
  ],
  ["HTTP2 with annotations", { tunnels: [{ port: 81, protocol: "HTTP2" }] }, { http2Annotations: {} }, undefined],
  [
    "TCP",
    { tunnels: [{ port: 80 }, { port: 82, protocol: "TCP" }] },
    {},
    "spec.tunnels: port 82 cannot have protocol TCP without tunnels.tcpService",
  ],
  [
    "TCP by a Service",
    { tunnels: [{ port: 82, protocol: "TCP" }] },
    { tcpService: { type: "LoadBalancer" } },
    undefined,
  ],
  [
    "inbound.cidrs",
    { tunnels: [{ port: 80 }], network: { inbound: { cidrs } } },
    {},
    'spec.network.inbound.cidrs ["192.0.2.0/24"] cannot be held to without tunnels.inboundAnnotation',
  ],
  [
    "inbound.cidrs with an annotation",
    { tunnels: [{ port: 80 }], network: { inbound: { cidrs } } },
    { inboundAnnotation: "a" },
    undefined,
  ],
  [
    "inbound.cidrs for what a Service passes on",
    { tunnels: [{ port: 82, protocol: "TCP" }], network: { inbound: { cidrs } } },
    { tcpService: { type: "LoadBalancer" } },
    undefined,
  ],
];

it.each(tunnelled)("%s in mode Ingress", (_what, asked, members, problem) => {
  const asking = sandboxSpecSchema.parse({ image: "busybox", ...asked });
  const found = tunnelProblem(asking, classOf({ mode: "Ingress", domain: "class.example", ...members }));
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});
