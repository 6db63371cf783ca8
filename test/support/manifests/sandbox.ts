import { SANDBOX } from "../../../src/api/sandbox.ts";
import { accepted, against, beyond, many, manyEntries, type Manifests } from "./row.ts";

const volume = (rest: object): object => ({ volumes: [{ name: "data", mountPath: "/data", ...rest }] });
const mounted = (mountPath: string): object => ({ volumes: [{ name: "data", mountPath, emptyDir: {} }] });
const below = (subPath: string): object => volume({ subPath, emptyDir: {} });

const OBJECT_NAME = "must be the name of a Kubernetes object: lower-case letters, digits, '-' and '.'";
const ABSOLUTE_PATH = 'must be an absolute path, beginning with "/"';
const CIDR = 'must be a CIDR such as "203.0.113.0/24" or "2001:db8::/32"';
const DOMAIN = 'must be a domain such as "example.com" or "*.example.com"';
const IMAGE = 'must be an image reference such as "python:3.11-slim" or "registry.example.com/team/image@sha256:…"';
const NAME = "must be letters, digits, '.', '_' and '-', at most 63";
const LABEL = `${NAME}, beginning and ending with a letter or digit`;
const DNS_LABEL = "must be lower-case letters, digits and '-', at most 63, beginning and ending with a letter or digit";
const ENV_NAME = "must be letters, digits, '_', '-' and '.', not beginning with a digit";
const GPU = 'must name a kind of GPU and how many, such as "H100", "A100-80GB:2" or "any"';
const ONE_VOLUME =
  "exactly one of persistentVolumeClaim, nfs, csi, secret, configMap, image, snapshotName, emptyDir must be set";
const ONE_ENV_SOURCE = "exactly one of secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef must be set";
const BLOCK = "block excludes outbound, inbound and proxyName";

/** A value of every member of `Sandbox.spec`, as far as they go together. */
export const everySandboxMember = {
  app: "agents",
  name: "Build_7.a",
  tags: { team: "search", "purpose/detail": "Any text, up to a limit" },
  className: "gvisor",
  image: "registry.example.com:5000/team/python:3.11@sha256:" + "0123456789abcdef".repeat(4),
  imagePullSecrets: [{ name: "registry-a" }, { name: "registry-b" }],
  command: ["python3"],
  args: ["-c", "print('hello')\n"],
  workingDir: "/srv/app",
  tty: true,
  env: [
    { name: "PLAIN", value: "" },
    { name: "_lower.and-more1" },
    { name: "FROM_SECRET", valueFrom: { secretKeyRef: { name: "keys", key: "api.key", optional: true } } },
    { name: "FROM_CONFIG", valueFrom: { configMapKeyRef: { name: "settings", key: "mode" } } },
    { name: "FROM_FIELD", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "status.podIP" } } },
    { name: "FROM_LIMIT", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
  ],
  envFrom: [{ prefix: "A_", secretRef: { name: "keys" } }, { configMapRef: { name: "settings", optional: true } }],
  resources: { requests: { cpu: "250m", memory: "1Gi" }, limits: { cpu: 1, memory: "1024Mi", "example.com/x": "2" } },
  gpu: ["H100", "A100-80GB:2", "any"],
  placement: {
    cloud: "aws",
    regions: ["us-east-1", "eu-west-1"],
    nodeSelector: { "example.com/pool": "sandboxes" },
    tolerations: [
      { key: "sandboxes", operator: "Equal", value: "yes", effect: "NoSchedule" },
      { operator: "Exists", effect: "NoExecute", tolerationSeconds: 30 },
    ],
  },
  securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000, readOnlyRootFilesystem: true },
  timeoutSeconds: 600,
  idleTimeoutSeconds: 60,
  terminationGracePeriodSeconds: 5,
  readinessProbe: { tcp: { port: 8080 }, intervalMilliseconds: 50, timeoutSeconds: 30 },
  network: {
    outbound: { cidrs: ["203.0.113.0/24", "2001:db8::/32"], domains: ["example.com", "*.pypi.org"] },
    inbound: { cidrs: ["198.51.100.7/32"] },
    proxyName: "static-ip",
  },
  tunnels: [{ port: 8080 }, { port: 9000, protocol: "HTTP2" }, { port: 22, protocol: "TCP" }],
  customDomain: "sandboxes.example.com",
  volumes: [
    {
      name: "claim",
      mountPath: "/claim",
      persistentVolumeClaim: { claimName: "data" },
      subPath: "a/b",
      readOnly: true,
    },
    { name: "nfs", mountPath: "/nfs", nfs: { server: "nfs.example.com", path: "/export" } },
    {
      name: "bucket",
      mountPath: "/bucket",
      csi: {
        driver: "s3.csi.example.com",
        readOnly: true,
        volumeAttributes: { bucket: "b" },
        nodePublishSecretRef: { name: "s3" },
      },
    },
    {
      name: "secret",
      mountPath: "/secret",
      secret: { secretName: "keys", items: [{ key: "api.key", path: "k/api", mode: 0o400 }], defaultMode: 0o440 },
    },
    { name: "config", mountPath: "/config", configMap: { name: "settings", optional: true } },
    { name: "image", mountPath: "/image", image: { reference: "busybox:stable" } },
    { name: "snapshot", mountPath: "/snapshot", snapshotName: "before" },
    { name: "scratch", mountPath: "/scratch", emptyDir: { medium: "Memory", sizeLimit: "64Mi" } },
  ],
  identityToken: { audience: "sts.example.com", expirationSeconds: 900, envName: "TOKEN" },
  verbose: true,
  experimental: { snapshots: "true" },
  desiredState: "Running",
  ttlSecondsAfterFinished: 0,
};

/** One row per rule of `Sandbox`. */
export const sandboxManifests: Manifests = {
  kind: SANDBOX,
  accepted: [
    accepted("an empty spec: every member has a default or none", {}),
    accepted("every member at once", everySandboxMember),
    accepted("an image by short name", { image: "busybox" }),
    accepted("an image by host, port, path and tag", { image: "localhost:5000/a/b_c/d-e.f:1.0-x_y" }),
    accepted("a snapshot to start from", { snapshotName: "before" }),
    accepted("a built image", { imageName: "tools" }),
    accepted("a probe by name", { readinessProbeName: "http" }),
    accepted("a probe that runs a command", { readinessProbe: { exec: { command: ["test", "-f", "/ready"] } } }),
    accepted("a blocked network", { network: { block: true } }),
    accepted("a network that is not blocked, with lists", { network: { block: false, outbound: { cidrs: [] } } }),
    accepted("a blocked network with no tunnels", { network: { block: true }, tunnels: [] }),
    accepted("the longest timeout", { timeoutSeconds: 86_400 }),
    accepted("the highest port", { tunnels: [{ port: 65_535 }] }),
    accepted("a name of 63 characters", { name: "a".repeat(63), app: "a".repeat(63) }),
    accepted("a request without a limit of the same resource", {
      resources: { requests: { cpu: "1" }, limits: { memory: "1Gi" } },
    }),
    accepted("requests equal to limits in other units", {
      resources: { requests: { cpu: "1000m", memory: "1024Mi" }, limits: { cpu: 1, memory: "1Gi" } },
    }),
    accepted("a command of 65536 characters", { command: ["sh", "-c", "x".repeat(65_532)] }),
    accepted("a sandbox that is terminated from the start", { desiredState: "Terminated" }),
  ],
  rejected: [
    {
      ...against(
        "the id is a DNS label",
        {},
        "",
        "metadata.name must be lower-case letters, digits and '-', at most 63, beginning and ending with a letter or digit",
      ),
      name: "with.dots",
    },
    beyond(
      "no unknown members",
      { imagee: "busybox" },
      "spec",
      'unknown field "spec.imagee"',
      'Unrecognized key: "imagee"',
    ),
    beyond(
      "no unknown members deep inside",
      { readinessProbe: { tcp: { port: 1, host: "x" } } },
      "spec.readinessProbe.tcp",
      'unknown field "spec.readinessProbe.tcp.host"',
      'Unrecognized key: "host"',
    ),
    beyond(
      "members have their types",
      { timeoutSeconds: "300" },
      "spec.timeoutSeconds",
      "must be of type integer",
      "Invalid input: expected number, received string",
    ),
    against("an app is a label's value", { app: "-agents" }, "spec.app", LABEL),
    beyond("an app is not too long", { app: "a".repeat(64) }, "spec.app", "Too long", "Too big"),
    against("a name has no blanks", { name: "my sandbox" }, "spec.name", NAME),
    beyond("a name is not too long", { name: "a".repeat(64) }, "spec.name", "Too long", "Too big"),
    beyond("a name is not empty", { name: "" }, "spec.name", "should be at least 1 chars long", "Too small"),
    beyond("tags are limited", { tags: manyEntries(65, "x") }, "spec.tags", "Too many: 65", "Too many"),
    beyond(
      "a tag is text",
      { tags: { a: 1 } },
      "spec.tags.a",
      "must be of type string",
      "Invalid input: expected string",
    ),
    beyond("a tag is not too long", { tags: { a: "x".repeat(257) } }, "spec.tags.a", "Too long", "Too big"),
    against("a class is named like an object", { className: "Big" }, "spec.className", OBJECT_NAME),

    against(
      "one image source",
      { image: "busybox", snapshotName: "before" },
      "spec",
      "at most one of image, snapshotName, imageName may be set",
    ),
    against("an image is a reference", { image: "busy box" }, "spec.image", IMAGE),
    against("an image path is lower-case", { image: "BusyBox" }, "spec.image", IMAGE),
    against("an image is no URL", { image: "https://example.com/x" }, "spec.image", IMAGE),
    against("a snapshot is named like an object", { snapshotName: "a/b" }, "spec.snapshotName", OBJECT_NAME),
    against("a built image is named like an object", { imageName: "a:b" }, "spec.imageName", OBJECT_NAME),
    beyond(
      "no pull secret twice",
      { imagePullSecrets: [{ name: "a" }, { name: "a" }] },
      "spec.imagePullSecrets[1]",
      'Duplicate value: {"name":"a"}',
      'Duplicate value: {"name":"a"}',
    ),

    against(
      "command and args are limited together",
      { command: ["sh", "-c", "x".repeat(40_000)], args: ["x".repeat(40_000)] },
      "spec.command",
      "command and args must not exceed 65536 characters together",
    ),
    against("the working directory is absolute", { workingDir: "srv" }, "spec.workingDir", ABSOLUTE_PATH),
    against("the working directory has no NUL", { workingDir: "/a\0b" }, "spec.workingDir", ABSOLUTE_PATH),

    against("a variable has a name", { env: [{ name: "1ST" }] }, "spec.env[0].name", ENV_NAME),
    against("a variable's name has no equals sign", { env: [{ name: "A=B" }] }, "spec.env[0].name", ENV_NAME),
    beyond(
      "no variable twice",
      { env: [{ name: "A" }, { name: "A" }] },
      "spec.env[1]",
      'Duplicate value: {"name":"A"}',
      'Duplicate value: {"name":"A"}',
    ),
    against(
      "a variable has a value or a source",
      { env: [{ name: "A", value: "x", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }] },
      "spec.env[0]",
      "at most one of value, valueFrom may be set",
    ),
    against(
      "a variable's source is one",
      { env: [{ name: "A", valueFrom: {} }] },
      "spec.env[0].valueFrom",
      ONE_ENV_SOURCE,
    ),
    against(
      "a variable's key is one of a Secret",
      { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "a/b" } } }] },
      "spec.env[0].valueFrom.secretKeyRef.key",
      "must be letters, digits, '.', '_' and '-'",
    ),
    against(
      "a set of variables has one source",
      { envFrom: [{ secretRef: { name: "a" }, configMapRef: { name: "a" } }] },
      "spec.envFrom[0]",
      "exactly one of secretRef, configMapRef must be set",
    ),

    against(
      "requests stay within limits",
      { resources: { requests: { memory: "2Gi" }, limits: { memory: "2000Mi" } } },
      "spec.resources.requests",
      "requests must not exceed limits",
    ),
    beyond(
      "amounts are quantities",
      { resources: { limits: { cpu: "a lot" } } },
      "spec.resources.limits.cpu",
      "should match",
      'must be a quantity such as "500m" or "2Gi"',
    ),
    beyond(
      "amounts are not negative",
      { resources: { limits: { cpu: "-1" } } },
      "spec.resources.limits.cpu",
      "should match",
      'must be a quantity such as "500m" or "2Gi"',
    ),
    beyond(
      "amounts as numbers are not negative",
      { resources: { limits: { cpu: -1 } } },
      "spec.resources.limits.cpu",
      "should be greater than or equal to 0",
      "Too small",
    ),
    against("a GPU has a kind", { gpu: ["H100 80GB"] }, "spec.gpu[0]", GPU),
    against("a GPU's count is positive", { gpu: ["H100:0"] }, "spec.gpu[0]", GPU),
    beyond("GPUs are not an empty list", { gpu: [] }, "spec.gpu", "should have at least 1 items", "Too small"),

    beyond(
      "regions are not an empty list",
      { placement: { regions: [] } },
      "spec.placement.regions",
      "should have at least 1 items",
      "Too small",
    ),
    against(
      "a toleration of a key's existence has no value",
      { placement: { tolerations: [{ key: "a", operator: "Exists", value: "b" }] } },
      "spec.placement.tolerations[0].value",
      "value must be empty when operator is Exists",
    ),
    against(
      "a toleration of every taint says so",
      { placement: { tolerations: [{ value: "b" }] } },
      "spec.placement.tolerations[0].operator",
      "operator must be Exists when key is empty",
    ),
    beyond(
      "a user id is not negative",
      { securityContext: { runAsUser: -1 } },
      "spec.securityContext.runAsUser",
      "should be greater than or equal to 0",
      "Too small",
    ),

    beyond(
      "a timeout is at least a second",
      { timeoutSeconds: 0 },
      "spec.timeoutSeconds",
      "should be greater than or equal to 1",
      "Too small",
    ),
    beyond(
      "a timeout is at most a day",
      { timeoutSeconds: 86_401 },
      "spec.timeoutSeconds",
      "should be less than or equal to 86400",
      "Too big",
    ),
    beyond(
      "an idle timeout is at least a second",
      { idleTimeoutSeconds: 0 },
      "spec.idleTimeoutSeconds",
      "should be greater than or equal to 1",
      "Too small",
    ),
    beyond(
      "a grace period is not negative",
      { terminationGracePeriodSeconds: -1 },
      "spec.terminationGracePeriodSeconds",
      "should be greater than or equal to 0",
      "Too small",
    ),
    beyond(
      "a time to live is not negative",
      { ttlSecondsAfterFinished: -1 },
      "spec.ttlSecondsAfterFinished",
      "should be greater than or equal to 0",
      "Too small",
    ),

    against(
      "a probe checks one thing",
      { readinessProbe: { tcp: { port: 1 }, exec: { command: ["true"] } } },
      "spec.readinessProbe",
      "exactly one of tcp, exec must be set",
    ),
    against(
      "a probe checks something",
      { readinessProbe: {} },
      "spec.readinessProbe",
      "exactly one of tcp, exec must be set",
    ),
    beyond(
      "a probe's port is one",
      { readinessProbe: { tcp: { port: 65_536 } } },
      "spec.readinessProbe.tcp.port",
      "should be less than or equal to 65535",
      "Too big",
    ),
    beyond(
      "a probe's command is not empty",
      { readinessProbe: { exec: { command: [] } } },
      "spec.readinessProbe.exec.command",
      "should have at least 1 items",
      "Too small",
    ),
    against(
      "one probe",
      { readinessProbe: { tcp: { port: 1 } }, readinessProbeName: "http" },
      "spec",
      "at most one of readinessProbe, readinessProbeName may be set",
    ),

    against("block excludes outbound", { network: { block: true, outbound: {} } }, "spec.network.block", BLOCK),
    against("block excludes inbound", { network: { block: true, inbound: {} } }, "spec.network.block", BLOCK),
    against("block excludes a proxy", { network: { block: true, proxyName: "p" } }, "spec.network.block", BLOCK),
    against(
      "block excludes tunnels",
      { network: { block: true }, tunnels: [{ port: 80 }] },
      "spec.network",
      "network.block excludes tunnels",
    ),
    against(
      "outbound addresses are CIDRs",
      { network: { outbound: { cidrs: ["10.0.0.1"] } } },
      "spec.network.outbound.cidrs[0]",
      CIDR,
    ),
    against(
      "an IPv4 address is not written as an IPv6 one",
      { network: { outbound: { cidrs: ["::ffff:10.0.0.0/104"] } } },
      "spec.network.outbound.cidrs[0]",
      CIDR,
    ),
    against(
      "inbound addresses are CIDRs",
      { network: { inbound: { cidrs: ["10.0.0.0/33"] } } },
      "spec.network.inbound.cidrs[0]",
      CIDR,
    ),
    against(
      "outbound domains are no URLs",
      { network: { outbound: { domains: ["https://example.com"] } } },
      "spec.network.outbound.domains[0]",
      DOMAIN,
    ),
    against(
      "a star stands only first",
      { network: { outbound: { domains: ["a.*.com"] } } },
      "spec.network.outbound.domains[0]",
      DOMAIN,
    ),
    against(
      "an address is no domain",
      { network: { outbound: { domains: ["10.0.0.1"] } } },
      "spec.network.outbound.domains[0]",
      DOMAIN,
    ),

    beyond(
      "a port is above 0",
      { tunnels: [{ port: 0 }] },
      "spec.tunnels[0].port",
      "should be greater than or equal to 1",
      "Too small",
    ),
    beyond(
      "a port is below 65536",
      { tunnels: [{ port: 65_536 }] },
      "spec.tunnels[0].port",
      "should be less than or equal to 65535",
      "Too big",
    ),
    beyond(
      "no port twice",
      { tunnels: [{ port: 80 }, { port: 80, protocol: "TCP" }] },
      "spec.tunnels[1]",
      'Duplicate value: {"port":80}',
      'Duplicate value: {"port":80}',
    ),
    beyond(
      "a protocol is one of three",
      { tunnels: [{ port: 80, protocol: "UDP" }] },
      "spec.tunnels[0].protocol",
      'supported values: "TLS", "HTTP2", "TCP"',
      "Invalid option",
    ),
    beyond(
      "tunnels are limited",
      { tunnels: many(65, (index) => ({ port: index + 1 })) },
      "spec.tunnels",
      "must have at most 64 items",
      "Too big",
    ),
    against(
      "a custom domain is a host name",
      { customDomain: "*.example.com", tunnels: [{ port: 80 }] },
      "spec.customDomain",
      'must be a domain such as "sandboxes.example.com"',
    ),
    against(
      "a custom domain needs tunnels",
      { customDomain: "a.example.com" },
      "spec.customDomain",
      "customDomain needs tunnels",
    ),

    against("a volume has a source", volume({}), "spec.volumes[0]", ONE_VOLUME),
    against("a volume has one source", volume({ emptyDir: {}, snapshotName: "a" }), "spec.volumes[0]", ONE_VOLUME),
    against(
      "a volume is named by a label",
      { volumes: [{ name: "A", mountPath: "/a", emptyDir: {} }] },
      "spec.volumes[0].name",
      DNS_LABEL,
    ),
    against(
      "a volume's name is not Sandkeep's",
      { volumes: [{ name: "sandkeep-run", mountPath: "/a", emptyDir: {} }] },
      "spec.volumes[0].name",
      `names that begin with "sandkeep-" are Sandkeep's own`,
    ),
    beyond(
      "no volume twice",
      {
        volumes: [
          { name: "a", mountPath: "/a", emptyDir: {} },
          { name: "a", mountPath: "/b", emptyDir: {} },
        ],
      },
      "spec.volumes[1]",
      'Duplicate value: {"name":"a"}',
      'Duplicate value: {"name":"a"}',
    ),
    against(
      "no two volumes at one path",
      {
        volumes: [
          { name: "a", mountPath: "/a", emptyDir: {} },
          { name: "b", mountPath: "/a", emptyDir: {} },
        ],
      },
      "spec.volumes",
      "no two volumes may have the same mountPath",
    ),
    against(
      "a mount path is absolute",
      mounted("data"),
      "spec.volumes[0].mountPath",
      `${ABSOLUTE_PATH} and without ":"`,
    ),
    against(
      "a mount path has no colon",
      mounted("/a:b"),
      "spec.volumes[0].mountPath",
      `${ABSOLUTE_PATH} and without ":"`,
    ),
    against(
      "nothing is mounted at the root",
      mounted("//"),
      "spec.volumes[0].mountPath",
      'must not be "/" nor contain "." or ".." as a part',
    ),
    against(
      "a mount path has no dots",
      mounted("/a/../b"),
      "spec.volumes[0].mountPath",
      'must not be "/" nor contain "." or ".." as a part',
    ),
    against(
      "nothing is mounted over the agent",
      mounted("/.sandkeep/bin"),
      "spec.volumes[0].mountPath",
      "must not be below /.sandkeep, which is Sandkeep's own",
    ),
    against(
      "a sub-path is relative",
      below("/etc"),
      "spec.volumes[0].subPath",
      'must be a relative path, not beginning with "/"',
    ),
    against("a sub-path leads nowhere else", below("a/../../b"), "spec.volumes[0].subPath", 'must not contain ".."'),
    against(
      "a volume's image is a reference",
      volume({ image: { reference: "A B" } }),
      "spec.volumes[0].image.reference",
      IMAGE,
    ),

    beyond(
      "a token has an audience",
      { identityToken: {} },
      "spec.identityToken.audience",
      "Required value",
      "Invalid input: expected string, received undefined",
    ),
    beyond(
      "a token lives ten minutes at least",
      { identityToken: { audience: "a", expirationSeconds: 599 } },
      "spec.identityToken.expirationSeconds",
      "should be greater than or equal to 600",
      "Too small",
    ),
    against(
      "a token's variable has a name",
      { identityToken: { audience: "a", envName: "A B" } },
      "spec.identityToken.envName",
      ENV_NAME,
    ),
    beyond(
      "the desired state is one of two",
      { desiredState: "Paused" },
      "spec.desiredState",
      'supported values: "Running", "Terminated"',
      "Invalid option",
    ),
  ],
};
