import { SandkeepError } from "../errors.ts";
import { ConnectionError } from "../http/transport.ts";
import { misconfigured } from "./configuration-error.ts";

/** What was done with whom: the gateway, or the Kubernetes API server. */
export interface Attempt {
  peer: Peer;
  /** As `GET /v1/x`. */
  action: string;
  signal?: AbortSignal | undefined;
}

export type Peer = keyof typeof trustHints;

/** What to do about a certificate that cannot be verified. */
const trustHints = {
  gateway:
    'pass it, or that of its authority, in the option "ca" or as a file in SANDKEEP_CA_FILE. A gateway without ' +
    "gateway.tls.secretName in its chart makes a certificate that nobody can verify: give it one, or come with a kubeconfig",
  "API server": "the kubeconfig's certificate-authority is of another cluster, or missing",
} as const;

/** What broke a request or a reply: the signal's reason if it was us, what a user can mend as it is, else a `ConnectionError`. */
export function failureOf({ peer, action, signal }: Attempt, cause: unknown): unknown {
  if (signal?.aborted) return signal.reason;
  if (cause instanceof SandkeepError || cause instanceof ConnectionError) return cause;
  const code = codeOf(cause);
  if (unknownSigner.test(code))
    return misconfigured(`Cannot verify the ${peer}'s certificate (${code}): ${trustHints[peer]}`, cause);
  if (untrusted.test(code)) return misconfigured(`Cannot trust the ${peer}'s certificate: ${messageOf(cause)}`, cause);
  return new ConnectionError(`The connection to the ${peer} failed at ${action}: ${messageOf(cause)}`, { cause });
}

/** Codes of OpenSSL and Node for certificates of which nobody known has signed the beginning of the chain. */
const unknownSigner =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_[A-Z_]+|CERT_SIGNATURE_FAILURE)$/;
const untrusted = /^(ERR_TLS_CERT_ALTNAME_INVALID|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/;

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}

/** What an error says; where several addresses were tried, the first one's. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === "") return messageOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : String(cause);
}
