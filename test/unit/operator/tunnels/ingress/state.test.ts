import { expect, it } from "vitest";
import type { Ingress, Service } from "../../../../../src/kube/objects.ts";
import { routeObjectsFor, type RouteObjects } from "../../../../../src/operator/tunnels/ingress/objects.ts";
import { routeStateOf } from "../../../../../src/operator/tunnels/ingress/state.ts";
import { aSandbox } from "../../builders.ts";
import { ingressTerms } from "./terms.ts";

const web = aSandbox({ tunnels: [{ port: 80 }] });
const raw = aSandbox({ tunnels: [{ port: 70, protocol: "TCP" }] });
const balanced = ingressTerms({ tcpService: { type: "LoadBalancer" } });
const atNodes = ingressTerms({ tcpService: { type: "NodePort", host: "nodes.example" } });

function addressed<T extends Ingress | Service>(objects: T[], address: object): T[] {
  return objects.map((object) => ({ ...object, status: { loadBalancer: { ingress: [address] } } }));
}

function atPort(objects: RouteObjects, nodePort: number): RouteObjects {
  const services = objects.services.map((service) => ({
    ...service,
    spec: { ...service.spec, ports: service.spec?.ports?.map((port) => ({ ...port, nodePort })) ?? [] },
  }));
  return { ...objects, services };
}

const nothing = { services: [], ingresses: [] };
const made = routeObjectsFor(web, ingressTerms());
const host = made.ingresses[0]?.spec?.rules?.[0]?.host;
const forRaw = routeObjectsFor(raw, balanced);

it.each([
  ["no Ingress", web, ingressTerms(), nothing, /^Ingress sandkeep-tunnel-[0-9a-f]{16} does not exist yet/],
  ["an Ingress without an address", web, ingressTerms(), made, /has no address yet: .* the default IngressClass/],
  ["one of a class", web, ingressTerms({ ingressClassName: "nginx" }), made, /IngressClass "nginx"/],
  ["no Service", raw, balanced, nothing, /^Service sandkeep-tunnel-[0-9a-f]{16}-tcp does not exist yet/],
  ["no load balancer", raw, balanced, forRaw, /has no address yet: look whether the cluster has load balancers/],
  ["no node port", raw, atNodes, routeObjectsFor(raw, atNodes), /has no address yet/],
])("with %s nothing is told, and why", (_what, sandbox, terms, stored, message) => {
  expect(routeStateOf(sandbox, terms, stored)).toEqual({ kind: "missing", message: expect.stringMatching(message) });
  expect(routeStateOf(sandbox, terms, stored, "quota")).toEqual({ kind: "missing", message: "quota" });
});

const told: [what: string, state: ReturnType<typeof routeStateOf>, address: object][] = [
  [
    "an Ingress with an address",
    routeStateOf(web, ingressTerms(), { ...made, ingresses: addressed(made.ingresses, { ip: "192.0.2.1" }) }),
    { containerPort: 80, url: `https://${host}`, host, port: 443 },
  ],
  [
    "an Ingress of which none is expected, at a port",
    routeStateOf(web, ingressTerms({ waitForAddress: false, port: 8443 }), made),
    { containerPort: 80, url: `https://${host}:8443`, host, port: 8443 },
  ],
  [
    "a load balancer",
    routeStateOf(raw, balanced, { ...forRaw, services: addressed(forRaw.services, { ip: "192.0.2.2" }) }),
    { containerPort: 70, unencryptedHost: "192.0.2.2", unencryptedPort: 70 },
  ],
  [
    "a load balancer that has a name",
    routeStateOf(raw, balanced, { ...forRaw, services: addressed(forRaw.services, { hostname: "lb.example" }) }),
    { containerPort: 70, unencryptedHost: "lb.example", unencryptedPort: 70 },
  ],
  [
    "a node port",
    routeStateOf(raw, atNodes, atPort(routeObjectsFor(raw, atNodes), 30_123)),
    { containerPort: 70, unencryptedHost: "nodes.example", unencryptedPort: 30_123 },
  ],
];

it.each(told)("with %s it is told where", (_what, state, address) => {
  expect(state).toEqual({ kind: "routed", addresses: [address] });
});
