import { READINESS_PROBE } from "../../../src/api/readiness-probe.ts";
import { SANDBOX_APP } from "../../../src/api/sandbox-app.ts";
import { SANDBOX_CLASS } from "../../../src/api/sandbox-class.ts";
import { SANDBOX_SNAPSHOT } from "../../../src/api/snapshot.ts";
import { accepted, against, beyond, type Manifests } from "./row.ts";

const PATH = "path must be set for type Directory, and for no other";

export const snapshotManifests: Manifests = {
  kind: SANDBOX_SNAPSHOT,
  accepted: [
    accepted("a sandbox's name alone", { sandboxName: "a" }),
    accepted("a directory", { sandboxName: "a", type: "Directory", path: "/data", timeoutSeconds: 10, ttlSeconds: 0 }),
    accepted("memory", { sandboxName: "a", type: "Memory" }),
  ],
  rejected: [
    beyond(
      "a sandbox is named",
      {},
      "spec.sandboxName",
      "Required value",
      "Invalid input: expected string, received undefined",
    ),
    against("a directory has a path", { sandboxName: "a", type: "Directory" }, "spec.path", PATH),
    against("only a directory has a path", { sandboxName: "a", path: "/data" }, "spec.path", PATH),
    beyond(
      "a type is one of three",
      { sandboxName: "a", type: "Disk" },
      "spec.type",
      'supported values: "Filesystem", "Directory", "Memory"',
      "Invalid option",
    ),
    beyond(
      "it takes at least a second",
      { sandboxName: "a", timeoutSeconds: 0 },
      "spec.timeoutSeconds",
      "should be greater than or equal to 1",
      "Too small",
    ),
    beyond(
      "it is not kept for less than no time",
      { sandboxName: "a", ttlSeconds: -1 },
      "spec.ttlSeconds",
      "should be greater than or equal to 0",
      "Too small",
    ),
  ],
};

export const readinessProbeManifests: Manifests = {
  kind: READINESS_PROBE,
  accepted: [
    accepted("a port", { tcp: { port: 8080 } }),
    accepted("a command", { exec: { command: ["true"] }, intervalMilliseconds: 10, timeoutSeconds: 1 }),
  ],
  rejected: [
    against(
      "it checks one thing",
      { tcp: { port: 1 }, exec: { command: ["true"] } },
      "spec",
      "exactly one of tcp, exec must be set",
    ),
    beyond(
      "it pauses at least 10 ms",
      { tcp: { port: 1 }, intervalMilliseconds: 9 },
      "spec.intervalMilliseconds",
      "should be greater than or equal to 10",
      "Too small",
    ),
    beyond(
      "it gives up after a second at the soonest",
      { tcp: { port: 1 }, timeoutSeconds: 0 },
      "spec.timeoutSeconds",
      "should be greater than or equal to 1",
      "Too small",
    ),
  ],
};

export const classManifests: Manifests = {
  kind: SANDBOX_CLASS,
  accepted: [
    accepted("nothing but defaults", {}),
    accepted("tunnels through the gateway", {
      tunnels: { customDomains: ["own.example.com"], tcpPorts: { first: 30_000, last: 30_099 } },
    }),
    accepted("every member at once", {
      runtimeClassName: "gvisor",
      profile: "Restricted",
      hostUsers: "Never",
      agentDelivery: "Always",
      defaultImage: "debian:bookworm-slim",
      allowedImages: ["registry.example.com/*"],
      defaults: {
        resources: { requests: { cpu: "100m" }, limits: { memory: "1Gi" } },
        ephemeralStorage: "1Gi",
      },
      maxima: {
        resources: { cpu: 8, memory: "32Gi" },
        ephemeralStorage: "100Gi",
        timeoutSeconds: 3600,
        tunnels: 8,
      },
      gpus: {
        "A100-80GB": {
          nodeLabels: { "nvidia.com/gpu.present": "true" },
          anyNodeLabel: [
            { key: "nvidia.com/gpu.product", values: ["NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-80GB-PCIe"] },
            { key: "example.com/a100" },
          ],
          resourceName: "nvidia.com/gpu",
          tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
        },
      },
      clouds: { aws: { nodeLabels: { "example.com/cloud": "aws" } }, gcp: {} },
      nodeSelector: { "example.com/pool": "sandboxes" },
      tolerations: [{ key: "sandboxes", operator: "Exists" }],
      priorityClassName: "low",
      serviceAccountName: "sandbox",
      propagate: ["example.com/team"],
      imagePullSecrets: [{ name: "registry" }],
      limits: { pullSeconds: 600, scheduleSeconds: 60 },
      tunnels: {
        mode: "Ingress",
        domain: "sandboxes.example.com",
        ingressClassName: "nginx",
        annotations: { "example.com/a": "b" },
        http2Annotations: { "example.com/protocol": "h2" },
        inboundAnnotation: "example.com/allow-list",
        certificateSecret: "wildcard",
        port: 8443,
        controllers: [
          { pods: { namespaceLabels: { "example.com/ingress": "true" }, podLabels: { app: "controller" } } },
          { cidr: "192.0.2.0/24" },
        ],
        waitForAddress: false,
        tcpService: { type: "NodePort", host: "nodes.example.com", annotations: { "example.com/a": "b" } },
      },
      network: { allowedPrivateCidrs: ["10.1.0.0/16"], domains: true, waitForEnforcement: true },
      snapshots: { registry: "registry.example.com/snapshots", secretName: "push", ttlSeconds: 86_400 },
      volumes: { storageClassName: "fast", size: "10Gi", accessModes: ["ReadWriteMany"] },
      podPatch: { spec: { dnsPolicy: "Default", containers: [{ name: "sandbox", anything: { goes: [1] } }] } },
    }),
  ],
  rejected: [
    against(
      "TCP ports begin before they end",
      { tunnels: { tcpPorts: { first: 2, last: 1 } } },
      "spec.tunnels.tcpPorts.first",
      "first must not be above last",
    ),
    against(
      "mode Ingress has a domain",
      { tunnels: { mode: "Ingress" } },
      "spec.tunnels.domain",
      "domain must be set for mode Ingress: the gateway listens below its own",
    ),
    against(
      "the annotation that sandboxes fill is none of the class's own",
      { tunnels: { inboundAnnotation: "example.com/a", annotations: { "example.com/a": "192.0.2.0/24" } } },
      "spec.tunnels.inboundAnnotation",
      "inboundAnnotation must be in neither annotations nor http2Annotations: each sandbox says its value",
    ),
    against(
      "the annotation that sandboxes fill is none of those for HTTP/2",
      { tunnels: { inboundAnnotation: "example.com/a", http2Annotations: { "example.com/a": "192.0.2.0/24" } } },
      "spec.tunnels.inboundAnnotation",
      "inboundAnnotation must be in neither annotations nor http2Annotations: each sandbox says its value",
    ),
    against(
      "node ports are reached at a host",
      { tunnels: { tcpService: { type: "NodePort" } } },
      "spec.tunnels.tcpService.host",
      "host must be set for type NodePort",
    ),
    against(
      "controllers are Pods or addresses",
      { tunnels: { controllers: [{}] } },
      "spec.tunnels.controllers[0]",
      "exactly one of pods, cidr must be set",
    ),
    beyond(
      "a profile is one of two",
      { profile: "Privileged" },
      "spec.profile",
      'supported values: "Root", "Restricted"',
      "Invalid option",
    ),
    beyond(
      "delivery is one of three",
      { agentDelivery: "Maybe" },
      "spec.agentDelivery",
      'supported values: "Auto", "Always", "Never"',
      "Invalid option",
    ),
    beyond(
      "nothing is propagated twice",
      { propagate: ["a", "a"] },
      "spec.propagate[1]",
      'Duplicate value: "a"',
      'Duplicate value: "a"',
    ),
    against(
      "defaults keep requests within limits",
      { defaults: { resources: { requests: { cpu: 2 }, limits: { cpu: 1 } } } },
      "spec.defaults.resources.requests",
      "requests must not exceed limits",
    ),
    beyond("no unknown members", { priviledged: true }, "spec", 'unknown field "spec.priviledged"', "Unrecognized key"),
  ],
};

export const appManifests: Manifests = {
  kind: SANDBOX_APP,
  accepted: [
    accepted("nothing", {}),
    accepted("every member at once", { description: "Agents.", className: "gvisor", labels: { team: "search" } }),
  ],
  rejected: [
    {
      ...against(
        "its name can be a label's value",
        {},
        "",
        "metadata.name must be lower-case letters, digits and '-', at most 63, beginning and ending with a letter or digit",
      ),
      name: "a".repeat(64),
    },
    beyond(
      "labels are text",
      { labels: { a: true } },
      "spec.labels.a",
      "must be of type string",
      "Invalid input: expected string",
    ),
  ],
};
