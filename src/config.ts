import { hostname } from "node:os";
import { z } from "zod";
import { holds } from "./lib/cidr.ts";

const flag = z.enum(["true", "false"]).transform((value) => value === "true");
const seconds = z.coerce.number().min(0);
const port = z.coerce.number().int().min(0).max(65_535);
const portRange = z
  .string()
  .regex(/^\d+-\d+$/, 'must be a range of ports such as "30500-30519"')
  .transform((text) => text.split("-").map(Number))
  .transform(([first = 0, last = 0]) => ({ first, last }))
  .refine(({ first, last }) => 1 <= first && first <= last && last <= 65_535, "must be from 1 to 65535, and not empty");

const ranges = z
  .string()
  .default("")
  .transform((text): unknown[] => listed(text))
  .pipe(z.array(z.union([z.cidrv4(), z.cidrv6()])));

const schema = z.object({
  SANDKEEP_KUBECONFIG: z.string().min(1).optional(),
  SANDKEEP_NAMESPACE: z.string().min(1).default("sandkeep-system"),
  SANDKEEP_POD_NAME: z.string().min(1).default(hostname()),
  SANDKEEP_METRICS_PORT: port.default(8081),
  SANDKEEP_SHUTDOWN_SECONDS: seconds.default(20),

  SANDKEEP_AGENT_IMAGE: z.string().min(1).optional(),
  SANDKEEP_LEADER_ELECTION: flag.default(true),
  SANDKEEP_WORKERS: z.coerce.number().int().min(1).max(1024).default(32),

  SANDKEEP_EGRESS_SERVICE: z.string().min(1).optional(),
  SANDKEEP_EGRESS_DNS_PORT: port.default(53),
  SANDKEEP_EGRESS_PORTS: z
    .string()
    .default("80,443")
    .transform((text): unknown[] => listed(text))
    .pipe(z.array(port.min(1)).min(1)),
  SANDKEEP_EGRESS_DECISIONS_PORT: port.default(8082),
  SANDKEEP_EGRESS_DECISIONS_HOST: z.string().min(1).optional(),
  SANDKEEP_EGRESS_TOKEN_FILE: z.string().min(1).default("/var/run/secrets/sandkeep-egress/token"),
  SANDKEEP_EGRESS_RESOLVERS: z.string().default("").transform(listed),

  SANDKEEP_GATEWAY_HOST: z.string().default("::"),
  SANDKEEP_GATEWAY_PORT: port.default(8443),
  SANDKEEP_GATEWAY_CERTIFICATE_FILE: z.string().min(1).optional(),
  SANDKEEP_GATEWAY_KEY_FILE: z.string().min(1).optional(),
  SANDKEEP_GATEWAY_NAMES: z.string().default("localhost,127.0.0.1"),
  SANDKEEP_GATEWAY_ALLOWED_ORIGINS: z.string().default(""),
  SANDKEEP_GATEWAY_AUDIT_ARGUMENTS: z.enum(["hash", "full"]).default("hash"),
  // With 0 a link would be given up before its first request.
  SANDKEEP_GATEWAY_LINK_IDLE_SECONDS: seconds.min(1).default(300),

  SANDKEEP_TUNNELS_PORT: port.optional(),
  SANDKEEP_TUNNELS_PUBLIC_PORT: port.min(1).default(443),
  SANDKEEP_TUNNELS_TCP_PORTS: portRange.optional(),
  SANDKEEP_TUNNELS_INGRESS: flag.default(false),
  SANDKEEP_TUNNELS_DOMAIN: z.string().min(1).default("tunnels.localhost"),
  SANDKEEP_TUNNELS_PROXIES: ranges,
  SANDKEEP_TUNNELS_TRUSTED_HOPS: ranges,
  SANDKEEP_TUNNELS_CERTIFICATES: z.string().default(""),
});

/** Settings of one process, from its environment. */
export interface Config {
  /** Path of a kubeconfig; absent: the Pod's service account, or what kubectl would use. */
  kubeconfig?: string;
  /** Where this release is installed and keeps its own objects. */
  namespace: string;
  /** Tells replicas apart. */
  podName: string;
  /** Plain HTTP: `/healthz`, `/readyz`, `/metrics`; 0 takes any free port. */
  metricsPort: number;
  /** How long requests under way may go on after SIGTERM. */
  shutdownSeconds: number;
  operator: {
    /** Reference of the image that holds the agent; the operator cannot start without. */
    agentImage?: string;
    leaderElection: boolean;
    /** Objects reconciled at once. */
    workers: number;
  };
  egress: {
    /** The Service of the egress part, in the same namespace; absent: it is not installed. */
    service?: string;
    dnsPort: number;
    /** Ports on which the proxy listens, and of the hosts that it connects to. */
    ports: number[];
    /** HTTP, for the gateway. */
    decisionsPort: number;
    /** Resolvers to ask, as `10.0.0.10` or `10.0.0.10:53`; none: those of the Pod. */
    resolvers: string[];
  };
  gateway: {
    host: string;
    port: number;
    /** PEM files, read again when they change; absent: a self-made certificate for `names`. */
    certificate?: { certificateFile: string; keyFile: string };
    names: string[];
    /** Of web pages that may call the API, such as `https://app.example.com`; `*`: of all. */
    allowedOrigins: string[];
    /** Whether the audit log shows what was executed, or only its hash. */
    auditArguments: "hash" | "full";
    linkIdleSeconds: number;
    /** How the replicas of the egress part are asked; absent: it is not installed. */
    egress?: {
      /** A name whose addresses are theirs. */
      host: string;
      port: number;
      /** A file with the token by which they know the gateway. */
      tokenFile: string;
    };
  };
  tunnels: {
    /** Where the gateway listens for tunnels; absent: nowhere. */
    port?: number;
    /** How clients reach it. */
    reached: {
      /** The parent of hosts where neither class nor sandbox names one. */
      domain: string;
      port: number;
      /** Ports at which it listens for what is not encrypted, the same outside; absent: none. */
      tcpPorts?: { first: number; last: number };
      /** Whether the operator may make Services and Ingresses, for mode Ingress of classes. */
      ingress?: boolean;
    };
    /** Ranges of load balancers that tell by the PROXY protocol for whom they connect, and must. */
    proxies: string[];
    /** Ranges of load balancers at which TLS of requests with connect tokens ends, and which say for whom in `X-Forwarded-For`. */
    trustedHops: string[];
    /** Folders with `tls.crt` and `tls.key`, read again when they change; none: a self-made certificate for `domain`. */
    certificates: string[];
  };
}

/** Reads the settings; throws an error that lists every variable that is wrong. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) throw new Error(`Cannot read the configuration: ${z.prettifyError(parsed.error)}`);
  const e = parsed.data;
  return {
    ...(e.SANDKEEP_KUBECONFIG !== undefined && { kubeconfig: e.SANDKEEP_KUBECONFIG }),
    namespace: e.SANDKEEP_NAMESPACE,
    podName: e.SANDKEEP_POD_NAME,
    metricsPort: e.SANDKEEP_METRICS_PORT,
    shutdownSeconds: e.SANDKEEP_SHUTDOWN_SECONDS,
    operator: {
      ...(e.SANDKEEP_AGENT_IMAGE !== undefined && { agentImage: e.SANDKEEP_AGENT_IMAGE }),
      leaderElection: e.SANDKEEP_LEADER_ELECTION,
      workers: e.SANDKEEP_WORKERS,
    },
    egress: {
      ...(e.SANDKEEP_EGRESS_SERVICE !== undefined && { service: e.SANDKEEP_EGRESS_SERVICE }),
      dnsPort: e.SANDKEEP_EGRESS_DNS_PORT,
      ports: e.SANDKEEP_EGRESS_PORTS,
      decisionsPort: e.SANDKEEP_EGRESS_DECISIONS_PORT,
      resolvers: e.SANDKEEP_EGRESS_RESOLVERS,
    },
    gateway: {
      host: e.SANDKEEP_GATEWAY_HOST,
      port: e.SANDKEEP_GATEWAY_PORT,
      ...certificateOf(e.SANDKEEP_GATEWAY_CERTIFICATE_FILE, e.SANDKEEP_GATEWAY_KEY_FILE),
      names: listed(e.SANDKEEP_GATEWAY_NAMES),
      allowedOrigins: listed(e.SANDKEEP_GATEWAY_ALLOWED_ORIGINS),
      auditArguments: e.SANDKEEP_GATEWAY_AUDIT_ARGUMENTS,
      linkIdleSeconds: e.SANDKEEP_GATEWAY_LINK_IDLE_SECONDS,
      ...(e.SANDKEEP_EGRESS_DECISIONS_HOST !== undefined && {
        egress: {
          host: e.SANDKEEP_EGRESS_DECISIONS_HOST,
          port: e.SANDKEEP_EGRESS_DECISIONS_PORT,
          tokenFile: e.SANDKEEP_EGRESS_TOKEN_FILE,
        },
      }),
    },
    tunnels: {
      ...(e.SANDKEEP_TUNNELS_PORT !== undefined && { port: e.SANDKEEP_TUNNELS_PORT }),
      reached: {
        domain: e.SANDKEEP_TUNNELS_DOMAIN.toLowerCase(),
        port: e.SANDKEEP_TUNNELS_PUBLIC_PORT,
        ...(e.SANDKEEP_TUNNELS_TCP_PORTS && { tcpPorts: e.SANDKEEP_TUNNELS_TCP_PORTS }),
        ...(e.SANDKEEP_TUNNELS_INGRESS && { ingress: true }),
      },
      ...hopsOf(e.SANDKEEP_TUNNELS_PROXIES, e.SANDKEEP_TUNNELS_TRUSTED_HOPS),
      certificates: listed(e.SANDKEEP_TUNNELS_CERTIFICATES),
    },
  };
}

/** A load balancer says in one way for whom it speaks. */
function hopsOf(proxies: string[], trustedHops: string[]): Pick<Config["tunnels"], "proxies" | "trustedHops"> {
  for (const hop of trustedHops) {
    const proxy = proxies.find((range) => holds(range, hop) || holds(hop, range));
    if (proxy !== undefined)
      throw new Error(
        `Cannot read the configuration: SANDKEEP_TUNNELS_TRUSTED_HOPS has ${hop}, of which SANDKEEP_TUNNELS_PROXIES has ${proxy}: ` +
          "a load balancer says for whom it speaks by the PROXY protocol or in X-Forwarded-For, and is in one of them",
      );
  }
  return { proxies, trustedHops };
}

function listed(text: string): string[] {
  return text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

function certificateOf(certificateFile?: string, keyFile?: string): Pick<Config["gateway"], "certificate"> {
  if (certificateFile !== undefined && keyFile !== undefined) return { certificate: { certificateFile, keyFile } };
  if (certificateFile === undefined && keyFile === undefined) return {};
  throw new Error(
    "Cannot read the configuration: set both SANDKEEP_GATEWAY_CERTIFICATE_FILE and SANDKEEP_GATEWAY_KEY_FILE, or neither",
  );
}
