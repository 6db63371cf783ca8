import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../../../../src/api/sandbox.ts";
import type { Ingress, Service } from "../../../../../src/kube/objects.ts";
import { type RouteObjects, routeObjectsFor } from "../../../../../src/operator/tunnels/ingress/objects.ts";
import { hangsOnPod, type RouteInputs, routePlan } from "../../../../../src/operator/tunnels/ingress/plan.ts";
import { appliedHash, specHashAnnotation } from "../../../../../src/runtime/perform.ts";
import { ago, aPod, aSandbox, terminated } from "../../builders.ts";
import { ingressTerms } from "./terms.ts";

const terms = ingressTerms({ tcpService: { type: "NodePort", host: "nodes.example" } });
const sandbox = aSandbox({ tunnels: [{ port: 80 }, { port: 70, protocol: "TCP" }] });
const pod = aPod({ node: "a", phase: "Running" }, sandbox);
const nothing: RouteObjects = { services: [], ingresses: [] };

/** As the API server stores what was applied. */
function stored(objects: RouteObjects = routeObjectsFor(sandbox, terms)): RouteObjects {
  return { services: objects.services.map(written), ingresses: objects.ingresses.map(written) };
}

function written<T extends Service | Ingress>(object: T): T {
  const annotations = { ...object.metadata.annotations, [specHashAnnotation]: appliedHash(object), theirs: "too" };
  return {
    ...object,
    metadata: { ...object.metadata, uid: `uid-of-${object.metadata.name}`, annotations },
    spec: { ...object.spec, sessionAffinity: "None" },
  };
}

function planOf(inputs: Partial<RouteInputs> = {}): { applied: string[]; removed: string[] } {
  const plan = routePlan({ sandbox, pod, terms, stored: nothing, ...inputs });
  return {
    applied: plan.apply.map(({ kind, object }) => `${kind.kind} ${object.metadata.name}`),
    removed: plan.remove.map(({ kind, name }) => `${kind.kind} ${name.name}`),
  };
}

const name = stored().ingresses[0]?.metadata.name;
const services = [`Service ${name}-tcp`, `Service ${name}`];
const ingress = `Ingress ${name}`;

it("makes what is missing, Services first, and then rests, whatever others add", () => {
  expect(planOf()).toEqual({ applied: [...services, ingress], removed: [] });
  expect(planOf({ stored: stored() })).toEqual({ applied: [], removed: [] });
});

const over: [what: string, inputs: Partial<RouteInputs>][] = [
  ["has no Pod", { pod: undefined }],
  ["has a Pod that is going", { pod: aPod({ metadata: { deletionTimestamp: ago(0) } }, sandbox) }],
  ["has a Pod whose program has ended", { pod: aPod({ node: "a", state: terminated(0) }, sandbox) }],
  ["is to end", { sandbox: aSandbox({ tunnels: [{ port: 80 }], desiredState: "Terminated" }) }],
  ["has finished", { sandbox: aSandbox({ tunnels: [{ port: 80 }] }, { phase: "Finished" }) }],
  ["is being deleted", { sandbox: { ...sandbox, metadata: { ...sandbox.metadata, deletionTimestamp: ago(0) } } }],
  ["is gone", { sandbox: undefined }],
  ["is of a class in mode Gateway", { terms: undefined }],
];
it.each(over)("takes all away, Ingresses first, when the sandbox %s", (_what, inputs) => {
  expect(planOf({ stored: stored(), ...inputs })).toEqual({ applied: [], removed: [ingress, ...services] });
  expect(planOf(inputs)).toEqual({ applied: [], removed: [] });
});

const hanging: [what: string, inputs: Partial<RouteInputs>, hangs: boolean][] = [
  ["is to run", {}, true],
  ["has its Pod", { pod }, false],
  ["has nothing that leads to it", { stored: nothing }, false],
  ["is to end", { sandbox: aSandbox({ desiredState: "Terminated" }) }, false],
  ["has finished", { sandbox: aSandbox({}, { phase: "Finished" }) }, false],
  ["is gone", { sandbox: undefined }, false],
];
it.each(hanging)("whether all hangs on the Pod of a sandbox that %s", (_what, inputs, hangs) => {
  expect(hangsOnPod({ sandbox, pod: undefined, stored: stored(), ...inputs })).toBe(hangs);
});

describe("puts right what others change:", () => {
  const { services, ingresses } = stored();
  const [tcp, web] = services as [Service, Service];
  const drifted: [what: string, there: RouteObjects, applied: string[]][] = [
    ["an Ingress that is gone", { services, ingresses: [] }, [`Ingress ${name}`]],
    ["a Service that is gone", { services: [tcp], ingresses }, [`Service ${name}`]],
    [
      "another target",
      { services: [tcp, { ...web, spec: { ...web.spec, selector: { app: "theirs" } } }], ingresses },
      [`Service ${name}`],
    ],
    [
      "a port more",
      {
        services: [tcp, { ...web, spec: { ...web.spec, ports: [...(web.spec?.ports ?? []), { port: 1 }] } }],
        ingresses,
      },
      [`Service ${name}`],
    ],
    [
      "what was applied for another spec",
      { services, ingresses: stored(routeObjectsFor(sandbox, { ...terms, annotations: { a: "b" } })).ingresses },
      [`Ingress ${name}`],
    ],
  ];
  it.each(drifted)("%s", (_what, there, applied) => {
    expect(planOf({ stored: there })).toEqual({ applied, removed: [] });
  });
});

it("gives a Service that comes back the ports that clients were told", () => {
  const tunnels = [{ containerPort: 70, unencryptedHost: "nodes.example", unencryptedPort: 30_123 }];
  const told: Sandbox = { ...sandbox, status: { tunnels } };
  const { apply } = routePlan({ sandbox: told, pod, terms, stored: nothing });
  expect(apply[0]?.object).toMatchObject({ spec: { ports: [{ port: 70, nodePort: 30_123 }] } });
});

const owner = { apiVersion: "example.com/v1", kind: "Sandbox", name: "s", uid: "u" };
const foreign: [what: string, metadata: Partial<Service["metadata"]>][] = [
  ["no owner", { ownerReferences: [] }],
  ["another name", { name: "theirs" }],
  ["an owner of another group", { ownerReferences: [owner] }],
];
it.each(foreign)("leaves alone what has the sandbox's label and %s", (_what, metadata) => {
  const theirs = stored().services.map((service) => ({
    ...service,
    metadata: { ...service.metadata, ...metadata },
  }));
  expect(planOf({ sandbox: undefined, stored: { services: theirs, ingresses: [] } }).removed).toEqual([]);
});
