import { describe, expect, it } from "vitest";
import type { SandboxSpecInput } from "../../../../../src/api/sandbox.ts";
import { tunnelHost } from "../../../../../src/lib/tunnel-host.ts";
import { routeName, routeObjectsFor } from "../../../../../src/operator/tunnels/ingress/objects.ts";
import { aSandbox } from "../../builders.ts";
import { ingressTerms } from "./terms.ts";

const base = routeName(aSandbox(), "TLS");
const labels = { "app.kubernetes.io/managed-by": "sandkeep", "sandkeep.dev/sandbox": "s" };
const hostOf = (port: number, domain = "class.example") => tunnelHost("u1", port, domain);

it("leads to ports of one protocol by one Service and one Ingress, which the sandbox owns", () => {
  const sandbox = aSandbox({ tunnels: [{ port: 80 }, { port: 81 }] });
  const { services, ingresses } = routeObjectsFor(sandbox, ingressTerms({ ingressClassName: "nginx" }));
  const metadata = {
    name: base,
    namespace: "n",
    labels,
    ownerReferences: [
      {
        apiVersion: "sandkeep.dev/v1alpha1",
        kind: "Sandbox",
        name: "s",
        uid: "u1",
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
  expect(services).toEqual([
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        type: "ClusterIP",
        selector: labels,
        ports: [80, 81].map((port) => ({ name: `port-${port}`, port, protocol: "TCP", targetPort: port })),
      },
    },
  ]);
  const pathTo = (number: number) => ({
    path: "/",
    pathType: "Prefix",
    backend: { service: { name: base, port: { number } } },
  });
  expect(ingresses).toEqual([
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata,
      spec: {
        ingressClassName: "nginx",
        tls: [{ hosts: [hostOf(80), hostOf(81)] }],
        rules: [80, 81].map((port) => ({ host: hostOf(port), http: { paths: [pathTo(port)] } })),
      },
    },
  ]);
});

describe("names", () => {
  const tunnels: SandboxSpecInput["tunnels"] = [
    { port: 80 },
    { port: 90, protocol: "HTTP2" },
    { port: 70, protocol: "TCP" },
  ];
  const terms = ingressTerms({
    http2Annotations: { h: "2" },
    tcpService: { type: "LoadBalancer", annotations: { t: "3" } },
  });
  const { services, ingresses } = routeObjectsFor(aSandbox({ tunnels }), { ...terms, annotations: { a: "1" } });

  it.each([
    [`${base}-tcp`, "LoadBalancer", { t: "3" }, undefined],
    [base, "ClusterIP", undefined, undefined],
    [`${base}-h2`, "ClusterIP", { h: "2" }, "kubernetes.io/h2c"],
  ])("Service %s is of type %s, with annotations %j", (name, type, annotations, appProtocol) => {
    const service = services.find(({ metadata }) => metadata.name === name);
    expect(service?.spec?.type).toBe(type);
    expect(service?.metadata.annotations).toEqual(annotations);
    expect(service?.spec?.ports?.[0]?.appProtocol).toBe(appProtocol);
  });

  it.each([
    [base, { a: "1" }],
    [`${base}-h2`, { a: "1", h: "2" }],
  ])("Ingress %s has annotations %j", (name, annotations) => {
    expect(ingresses.find(({ metadata }) => metadata.name === name)?.metadata.annotations).toEqual(annotations);
  });

  it("differ from those of a later sandbox of that name", () => {
    const sandbox = aSandbox();
    expect(routeName({ ...sandbox, metadata: { ...sandbox.metadata, uid: "u2" } }, "TLS")).not.toBe(base);
  });
});

it("has hosts below the sandbox's own domain where it names one", () => {
  const { ingresses } = routeObjectsFor(
    aSandbox({ tunnels: [{ port: 80 }], customDomain: "Own.example" }),
    ingressTerms(),
  );
  expect(ingresses[0]?.spec?.rules?.[0]?.host).toBe(hostOf(80, "own.example"));
});

const issuer = { "cert-manager.io/cluster-issuer": "letsencrypt" };
it.each([
  ["the class's Secret", { certificateSecret: "wildcard", annotations: issuer }, "wildcard"],
  ["one of its own that an issuer makes", { annotations: issuer }, `${base}-tls`],
  [
    "one of its own, of an issuer of the namespace",
    { annotations: { "cert-manager.io/issuer": "own" } },
    `${base}-tls`,
  ],
  ["the controller's", { annotations: { "other.io/issuer": "x" } }, undefined],
])("has %s for certificate", (_whose, members, secretName) => {
  const { ingresses } = routeObjectsFor(aSandbox({ tunnels: [{ port: 80 }] }), ingressTerms(members));
  expect(ingresses[0]?.spec?.tls).toEqual([{ hosts: [hostOf(80)], ...(secretName && { secretName }) }]);
});

describe("with spec.network", () => {
  const tunnels: SandboxSpecInput["tunnels"] = [{ port: 80 }, { port: 70, protocol: "TCP" }];
  const balanced = { tcpService: { type: "LoadBalancer" } };
  const known = { ...balanced, inboundAnnotation: "allow" };

  it.each([
    [undefined, undefined, undefined],
    [["192.0.2.0/24", "2001:db8::/32"], "192.0.2.0/24,2001:db8::/32", ["192.0.2.0/24", "2001:db8::/32"]],
    [[], "0.0.0.0/32", ["0.0.0.0/32"]],
  ])("inbound.cidrs %j the controller is told %j", (cidrs, annotation, ranges) => {
    const network = { inbound: { ...(cidrs && { cidrs }) } };
    const { services, ingresses } = routeObjectsFor(aSandbox({ tunnels, network }), ingressTerms(known));
    expect(ingresses[0]?.metadata.annotations?.["allow"]).toBe(annotation);
    expect(services.find(({ spec }) => spec?.type === "LoadBalancer")?.spec?.loadBalancerSourceRanges).toEqual(ranges);
  });

  it.each([
    ["NodePort", undefined, "Cluster"],
    ["NodePort", ["192.0.2.0/24"], "Local"],
    ["NodePort", [], "Local"],
    ["LoadBalancer", undefined, "Local"],
    ["LoadBalancer", ["192.0.2.0/24"], "Local"],
  ])("type %s and inbound.cidrs %j, ports are passed on with externalTrafficPolicy %s", (type, cidrs, policy) => {
    const network = { inbound: { ...(cidrs && { cidrs }) } };
    const terms = ingressTerms({ ...known, tcpService: { type, host: "nodes.example" } });
    const { services } = routeObjectsFor(aSandbox({ tunnels, network }), terms);
    expect(services.find(({ spec }) => spec?.type === type)?.spec?.externalTrafficPolicy).toBe(policy);
  });

  it.each([
    ["inbound.cidrs that the controller cannot be told of", { inbound: { cidrs: ["192.0.2.0/24"] } }, balanced],
    ["block", { block: true }, known],
  ])("%s no host leads to it, and its ports stay its own", (_what, network, members) => {
    const sandbox = aSandbox({ tunnels });
    const changed = { ...sandbox, spec: { ...sandbox.spec, network } };
    const { services, ingresses } = routeObjectsFor(changed, ingressTerms(members));
    expect(ingresses).toEqual([]);
    expect(services.map(({ metadata }) => metadata.name)).toEqual([`${base}-tcp`]);
  });
});
