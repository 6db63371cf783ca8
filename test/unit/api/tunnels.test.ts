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
  [{ mode: "Ingress" }, "mode Ingress is not supported"],
  [{ ingressClassName: "nginx" }, "ingressClassName is for mode Ingress"],
  [{ annotations: { a: "b" } }, "annotations is for mode Ingress"],
  [{ certificateSecret: "s" }, "certificateSecret is for mode Ingress"],
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
