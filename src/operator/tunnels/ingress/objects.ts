import { FIELD_MANAGER, LABELS } from "../../../api/constants.ts";
import { SANDBOX, type Sandbox } from "../../../api/sandbox.ts";
import { apiVersionOf } from "../../../api/meta.ts";
import type { ClassTunnels } from "../../../api/schema/class-tunnels.ts";
import { inboundProblem } from "../../../api/class/ingress.ts";
import type { Ingress, Service } from "../../../kube/objects.ts";
import { tunnelHost } from "../../../lib/tunnel-host.ts";
import { shortHash } from "../../names.ts";

export type Protocol = NonNullable<Sandbox["spec"]["tunnels"]>[number]["protocol"];

/** Through which objects the ports of one sandbox are reached: those of one protocol share a Service, and an Ingress. */
export interface RouteObjects {
  services: Service[];
  ingresses: Ingress[];
}

/** An address that no client has, for lists that have to name some. */
const nobody = "0.0.0.0/32";

/** How the names of all these objects begin; the operator may touch no others. */
export const routePrefix = "sandkeep-tunnel-";

const suffixes: Record<Protocol, string> = { TLS: "", HTTP2: "-h2", TCP: "-tcp" };

/** The objects of a sandbox in mode Ingress of its class. Nothing leads to ports that nobody may reach, or not as the sandbox says. */
export function routeObjectsFor(sandbox: Sandbox, terms: ClassTunnels): RouteObjects {
  const { spec } = sandbox;
  const tcp = portsOf(sandbox, "TCP");
  const services = tcp.length === 0 || terms.tcpService === undefined ? [] : [tcpServiceFor(sandbox, terms, tcp)];
  const ingresses: Ingress[] = [];
  if (spec.network?.block === true || inboundProblem(spec, terms) !== undefined) return { services, ingresses };
  for (const protocol of ["TLS", "HTTP2"] as const) {
    const ports = portsOf(sandbox, protocol);
    if (ports.length === 0) continue;
    services.push(serviceFor(sandbox, terms, protocol, ports));
    ingresses.push(ingressFor(sandbox, terms, protocol, ports));
  }
  return { services, ingresses };
}

/** The name of the Service, and of the Ingress, of the ports with this protocol. Nobody has it before the sandbox is there. */
export function routeName({ metadata }: Sandbox, protocol: Protocol): string {
  return `${routePrefix}${shortHash(metadata.uid ?? "")}${suffixes[protocol]}`;
}

/** The host of a port under the terms of its class. */
export function routeHost({ metadata, spec }: Sandbox, { domain = "" }: ClassTunnels, port: number): string {
  return tunnelHost(metadata.uid ?? "", port, (spec.customDomain ?? domain).toLowerCase());
}

/** The ports of a sandbox that have this protocol. */
export function portsOf({ spec }: Sandbox, protocol: Protocol): number[] {
  return (spec.tunnels ?? []).filter((tunnel) => tunnel.protocol === protocol).map(({ port }) => port);
}

function serviceFor(sandbox: Sandbox, terms: ClassTunnels, protocol: "TLS" | "HTTP2", ports: number[]): Service {
  const appProtocol = protocol === "HTTP2" ? { appProtocol: "kubernetes.io/h2c" } : {};
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataFor(sandbox, protocol, protocol === "HTTP2" ? terms.http2Annotations : {}),
    spec: {
      type: "ClusterIP",
      selector: podLabels(sandbox),
      ports: ports.map((port) => ({ ...portEntry(port), ...appProtocol })),
    },
  };
}

/**
 * Where the network policy of the Pod has to know clients they keep their addresses, and only its own node passes them on;
 * a load balancer finds that one, but the host of node ports may be any.
 */
function tcpServiceFor(sandbox: Sandbox, { tcpService }: ClassTunnels, ports: number[]): Service {
  const cidrs = sandbox.spec.network?.inbound?.cidrs;
  const type = tcpService?.type ?? "NodePort";
  const ranges = cidrs?.length === 0 ? [nobody] : cidrs;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadataFor(sandbox, "TCP", tcpService?.annotations),
    spec: {
      type,
      externalTrafficPolicy: type === "NodePort" && cidrs === undefined ? "Cluster" : "Local",
      selector: podLabels(sandbox),
      ports: ports.map(portEntry),
      ...(type === "LoadBalancer" && ranges !== undefined && { loadBalancerSourceRanges: ranges }),
    },
  };
}

function ingressFor(sandbox: Sandbox, terms: ClassTunnels, protocol: "TLS" | "HTTP2", ports: number[]): Ingress {
  const { ingressClassName, inboundAnnotation } = terms;
  const cidrs = sandbox.spec.network?.inbound?.cidrs;
  const hosts = ports.map((port) => routeHost(sandbox, terms, port));
  const secretName = secretFor(sandbox, terms, protocol);
  const annotations = {
    ...terms.annotations,
    ...(protocol === "HTTP2" && terms.http2Annotations),
    // Controllers take an empty list for none.
    ...(inboundAnnotation !== undefined && cidrs && { [inboundAnnotation]: cidrs.join(",") || nobody }),
  };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: metadataFor(sandbox, protocol, annotations),
    spec: {
      ...(ingressClassName !== undefined && { ingressClassName }),
      tls: [{ hosts, ...(secretName !== undefined && { secretName }) }],
      rules: ports.map((port) => ({
        host: routeHost(sandbox, terms, port),
        http: { paths: [pathTo(routeName(sandbox, protocol), port)] },
      })),
    },
  };
}

type IngressPath = NonNullable<NonNullable<NonNullable<Ingress["spec"]>["rules"]>[number]["http"]>["paths"][number];

function pathTo(service: string, port: number): IngressPath {
  return { path: "/", pathType: "Prefix", backend: { service: { name: service, port: { number: port } } } };
}

/** cert-manager keeps each certificate that it makes for an Ingress in a Secret, which that has to name. */
function secretFor(sandbox: Sandbox, terms: ClassTunnels, protocol: Protocol): string | undefined {
  const { certificateSecret, annotations = {} } = terms;
  const hasIssuer = Object.keys(annotations).some((key) => /^cert-manager\.io\/(cluster-)?issuer$/.test(key));
  return certificateSecret ?? (hasIssuer ? `${routeName(sandbox, protocol)}-tls` : undefined);
}

function portEntry(port: number): { name: string; port: number; protocol: string; targetPort: number } {
  return { name: `port-${port}`, port, protocol: "TCP", targetPort: port };
}

function podLabels({ metadata }: Sandbox): Record<string, string> {
  return { [LABELS.managedBy]: FIELD_MANAGER, [LABELS.sandbox]: metadata.name };
}

function metadataFor(
  sandbox: Sandbox,
  protocol: Protocol,
  annotations: Record<string, string> = {},
): Service["metadata"] {
  const { name, namespace, uid = "" } = sandbox.metadata;
  const owner = { apiVersion: apiVersionOf(SANDBOX), kind: SANDBOX.kind, name, uid };
  return {
    name: routeName(sandbox, protocol),
    ...(namespace !== undefined && { namespace }),
    labels: podLabels(sandbox),
    ...(Object.keys(annotations).length > 0 && { annotations }),
    ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: true }],
  };
}
