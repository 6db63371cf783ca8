import { SandkeepError } from "../../api/errors.ts";
import { ConnectionError } from "../http/transport.ts";

/** What broke a request or a reply: the signal's reason if it was us, what a user can mend as it is, else a `ConnectionError`. */
export function failureOf(action: string, cause: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (cause instanceof SandkeepError || cause instanceof ConnectionError) return cause;
  const untrusted = untrustedCertificate(cause);
  if (untrusted !== undefined) return untrusted;
  return new ConnectionError(`The connection to the gateway failed at ${action}: ${messageOf(cause)}`, { cause });
}

/** Codes of OpenSSL and Node for certificates of which nobody known has signed the beginning of the chain. */
const unknownSigner =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_[A-Z_]+|CERT_SIGNATURE_FAILURE)$/;

function untrustedCertificate(cause: unknown): SandkeepError | undefined {
  const code = codeOf(cause);
  if (unknownSigner.test(code))
    return refusal(
      `Cannot verify the gateway's certificate (${code}): pass its certificate or that of its authority in the option ` +
        '"ca", or as a file in SANDKEEP_CA_FILE. A gateway without `gateway.tls.secretName` makes a certificate that ' +
        "nobody can verify: reach it with a kubeconfig instead, or give it one",
      cause,
    );
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return refusal(`Cannot trust the gateway's certificate: ${messageOf(cause)}`, cause);
  return undefined;
}

function refusal(message: string, cause: unknown): SandkeepError {
  return new SandkeepError("invalid_argument", "request", message, { cause });
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}

/** What an error says; where several addresses were tried, the first one's. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === "") return messageOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : String(cause);
}
