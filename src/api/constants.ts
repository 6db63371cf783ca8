import type { FinishReason } from "./phases.ts";

/** Names that every part of the system and its users agree on. Free of zod, so that the SDK can import it. */

export const GROUP = "sandkeep.dev";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}`;

/** Field manager of everything that Sandkeep applies, and the value of `app.kubernetes.io/managed-by`. */
export const FIELD_MANAGER = "sandkeep";

/** Audience that bearer tokens for the gateway may carry besides the API server's own. */
export const TOKEN_AUDIENCE = "sandkeep";

/** Subprotocols of the API's WebSockets. */
export const ATTACH_PROTOCOL = "v1.attach.sandkeep.dev";
export const PORT_PROTOCOL = "v1.port.sandkeep.dev";

/** Parameter of a URL that brings a connect token once, in exchange for a cookie. */
export const CONNECT_TOKEN_PARAMETER = "_sandkeep_connect_token";

/** Header by which a program in a sandbox learns the metadata of the connect token that let a request in. */
export const VERIFIED_USER_DATA_HEADER = "X-Verified-User-Data";

/** With the bearer token in base64url behind it: a subprotocol that a browser offers instead of an `Authorization` header. */
export const TOKEN_PROTOCOL_PREFIX = "base64url.bearer.authorization.sandkeep.dev.";

export const LABELS = {
  managedBy: "app.kubernetes.io/managed-by",
  /** On everything made for one sandbox; its value is the sandbox's id. */
  sandbox: "sandkeep.dev/sandbox",
  app: "sandkeep.dev/app",
  /** On Pods: the hash that names the allow policy which selects them. */
  network: "sandkeep.dev/network",
  /** On namespaces: `true` where Pods connect to sandboxes for clients, unless a class says who does. */
  ingressController: "sandkeep.dev/ingress-controller",
} as const;

export const ANNOTATIONS = {
  /** On sandboxes made over HTTP: hash of user, `Idempotency-Key` and body, to tell a retry from another request. */
  requestHash: "sandkeep.dev/request-hash",
  /** On sandboxes made over HTTP: for how many seconds the agent stays for readers after the command has ended. */
  lingerSeconds: "sandkeep.dev/linger-seconds",
  /** On sandboxes: which of their connect tokens hold no longer. */
  revokedConnectTokens: "sandkeep.dev/revoked-connect-tokens",
} as const;

export const POD_ANNOTATIONS = {
  /** The longest timeout that the sandbox's class allowed when the Pod was made; seconds. */
  maxTimeoutSeconds: "sandkeep.dev/max-timeout-seconds",
  /** What the class said when the Pod was made and that holds for as long as it lives. */
  classTerms: "sandkeep.dev/class-terms",
} as const;

export const FINALIZERS = {
  /** On Pods: kept until the operator has recorded how the sandbox ended. */
  exitStatus: "sandkeep.dev/exit-status",
} as const;

/** Type of the Secrets that sandboxes name as `network.proxyName`. */
export const PROXY_SECRET_TYPE = "sandkeep.dev/proxy";

/** Audience of the token by which the gateway asks the egress part for its decisions. */
export const EGRESS_AUDIENCE = "sandkeep-egress";

/** The container that runs the user's image. */
export const SANDBOX_CONTAINER = "sandbox";

/** Id of the process that the sandbox itself was created to run. */
export const ENTRYPOINT_PROCESS = "entrypoint";

/** Reply header of `stdout` and `stderr`: the offset at which the body starts. */
export const OFFSET_HEADER = "Sandkeep-Offset";

/** Reply header of `stdout` and `stderr`: `merged` where the body of `stdout` has both, and that of `stderr` nothing. */
export const STREAMS_HEADER = "Sandkeep-Streams";
export const MERGED_STREAMS = "merged";

/** Everything below it inside a sandbox belongs to Sandkeep. */
export const RESERVED_DIRECTORY = "/.sandkeep";

export const AGENT_PATHS = {
  /** Where the read-only volume with the agent is mounted. */
  binaries: "/.sandkeep/bin",
  binary: "/.sandkeep/bin/agent",
  /** An `emptyDir` with the socket and what processes have written. */
  run: "/.sandkeep/run",
  socket: "/.sandkeep/run/agent.sock",
} as const;

/** Where a sandbox finds its identity token, which the kubelet renews. */
export const IDENTITY_TOKEN_DIRECTORY = "/var/run/secrets/sandkeep.dev/identity";
export const IDENTITY_TOKEN_FILE: string = `${IDENTITY_TOKEN_DIRECTORY}/token`;

/** Whom identity tokens are for that the SDK asks for without saying so. */
export const DEFAULT_IDENTITY_AUDIENCE = "sandkeep.dev";

/** Names of volumes that begin so are the operator's. */
export const RESERVED_VOLUME_PREFIX = "sandkeep-";

export const DEFAULT_APP = "default";
export const DEFAULT_CLASS = "default";
export const DEFAULT_TIMEOUT_SECONDS = 300;
export const MAX_TIMEOUT_SECONDS = 86_400;
/** For how long a finished sandbox keeps its Pod, which has the log of its command. */
export const POD_RETENTION_SECONDS = 60;
/** What the gateway gives sandboxes that name no `ttlSecondsAfterFinished`. */
export const DEFAULT_TTL_SECONDS_AFTER_FINISHED = 86_400;

export const SANDBOX_CONDITIONS = ["Scheduled", "Started", "Ready", "Finished", "Stalled"] as const;
export type SandboxConditionType = (typeof SANDBOX_CONDITIONS)[number];

/** Reason of the condition `Ready` of a started sandbox that has no probe. */
export const NO_PROBE = "NoProbe";
/** Reason of the condition `Ready` of a sandbox whose probe gave up; the sandbox lives on. */
export const PROBE_TIMED_OUT = "ProbeTimedOut";

/** Ends for which set-up is to blame, not the program: the condition `Stalled` is True. */
export const SETUP_FAILURES: readonly FinishReason[] = [
  "ImageUnavailable",
  "Unschedulable",
  "StartError",
  "Rejected",
  "NameTaken",
];

/** Ends that the agent may report in the termination message; it is hostile input, so no others count. */
export const AGENT_FINISH_REASONS = ["Completed", "Error", "Timeout", "IdleTimeout", "StartError"] as const;
export type AgentFinishReason = (typeof AGENT_FINISH_REASONS)[number];

/** Exit codes that stand for an end other than the program's own. */
export const EXIT_CODES = { Terminated: 137, Timeout: 124, IdleTimeout: 124, OutOfMemory: 137 } as const;
