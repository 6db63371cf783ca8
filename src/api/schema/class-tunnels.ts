import { z } from "zod";
import { exactlyOneOf, withRules } from "../rule.ts";
import { listOf, mapOf } from "./collection.ts";
import { hostName, objectName } from "./name.ts";
import { cidr } from "./network.ts";
import { port } from "./port.ts";

const annotations = mapOf(z.string().max(4096), 64);
const labels = mapOf(z.string().max(63), 16);

const tcpPorts = withRules(
  z.strictObject({
    first: port.describe("The lowest port."),
    last: port.describe("The highest port."),
  }),
  {
    cel: "self.first <= self.last",
    message: "first must not be above last",
    field: "first",
    holds: ({ first, last }) => first <= last,
  },
);

const controllerPods = z.strictObject({
  namespaceLabels: labels.describe("Labels of their namespaces."),
  podLabels: labels.exactOptional().describe("Labels of the Pods; absent: all there."),
});

const controller = withRules(
  z.strictObject({
    pods: controllerPods.exactOptional().describe("Pods of the controller."),
    cidr: cidr.exactOptional().describe("Addresses of a controller that is no Pod with an address of its own."),
  }),
  exactlyOneOf("pods", "cidr"),
);

const tcpService = withRules(
  z.strictObject({
    type: z.enum(["NodePort", "LoadBalancer"]).describe("What kind of Service passes them on."),
    host: z
      .string()
      .min(1)
      .max(253)
      .exactOptional()
      .describe("The name or address at which node ports are reached; for a load balancer, its own by default."),
    annotations: annotations.exactOptional().describe("Annotations of the Services."),
  }),
  {
    cel: "self.type != 'NodePort' || has(self.host)",
    message: "host must be set for type NodePort",
    field: "host",
    holds: ({ type, host }) => type !== "NodePort" || host !== undefined,
  },
);

/** How a class makes ports of sandboxes reachable. */
export const classTunnelsSchema = withRules(
  z.strictObject({
    mode: z
      .enum(["Gateway", "Ingress"])
      .default("Gateway")
      .describe("Who listens: the gateway, or an Ingress controller."),
    domain: hostName.exactOptional().describe("The domain under which hosts are made; a wildcard record points here."),
    customDomains: listOf(hostName, 64)
      .exactOptional()
      .describe("The domains that sandboxes may name as customDomain; absent: none."),
    tcpPorts: tcpPorts.exactOptional().describe("For mode Gateway: ports that unencrypted tunnels are given out of."),
    ingressClassName: objectName.exactOptional().describe("For mode Ingress: the IngressClass."),
    annotations: annotations
      .exactOptional()
      .describe("For mode Ingress: annotations of the Ingresses, such as cert-manager.io/cluster-issuer."),
    http2Annotations: annotations
      .exactOptional()
      .describe(
        "For mode Ingress: annotations of Ingress and Service of ports with protocol HTTP2, which have the controller speak h2 to them; absent: there are no such ports.",
      ),
    inboundAnnotation: z
      .string()
      .min(1)
      .max(317)
      .exactOptional()
      .describe(
        "For mode Ingress: the annotation by which the controller knows who may connect, such as nginx.ingress.kubernetes.io/whitelist-source-range; absent: sandboxes cannot have network.inbound.cidrs.",
      ),
    certificateSecret: objectName
      .exactOptional()
      .describe(
        "For mode Ingress: the Secret with the wildcard certificate, in the namespace of each sandbox; absent: what an issuer among the annotations makes, else the controller's own.",
      ),
    port: port.exactOptional().describe("For mode Ingress: the port in URLs, if the controller is not reached at 443."),
    controllers: listOf(controller, 16)
      .exactOptional()
      .describe(
        "For mode Ingress: who connects to published ports for clients; absent: Pods in namespaces with the label sandkeep.dev/ingress-controller=true.",
      ),
    waitForAddress: z
      .boolean()
      .exactOptional()
      .describe(
        "For mode Ingress: whether a tunnel counts as open only once its Ingress has an address; true by default.",
      ),
    tcpService: tcpService
      .exactOptional()
      .describe("For mode Ingress: how unencrypted tunnels are reached; absent: there are none."),
  }),
  {
    cel: "!has(self.mode) || self.mode != 'Ingress' || has(self.domain)",
    message: "domain must be set for mode Ingress: the gateway listens below its own",
    field: "domain",
    holds: ({ mode, domain }) => mode !== "Ingress" || domain !== undefined,
  },
  {
    cel: ["annotations", "http2Annotations"]
      .map((fixed) => `!(has(self.inboundAnnotation) && has(self.${fixed}) && self.inboundAnnotation in self.${fixed})`)
      .join(" && "),
    message: "inboundAnnotation must be in neither annotations nor http2Annotations: each sandbox says its value",
    field: "inboundAnnotation",
    namesValue: true,
    holds: ({ inboundAnnotation, annotations, http2Annotations }) =>
      inboundAnnotation === undefined || !Object.hasOwn({ ...annotations, ...http2Annotations }, inboundAnnotation),
  },
);

/** What a class says of tunnels. */
export type ClassTunnels = z.output<typeof classTunnelsSchema>;
