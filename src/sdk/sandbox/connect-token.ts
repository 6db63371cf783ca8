import type { ConnectTokenView, CreateConnectTokenInput } from "../../api/connect-token.ts";
import { invalid } from "../errors.ts";
import type { Gateway } from "../http/gateway.ts";
import type { WaitParams } from "../process/container-process.ts";
import { wholeSeconds } from "../units.ts";

export interface SandboxCreateConnectTokenParams extends WaitParams {
  /**
   * What the program inside reads in the header `X-Verified-User-Data` of each request: text in printable ASCII, or a value
   * that is sent as JSON. Who has the token can read it.
   */
  userMetadata?: string | Readonly<Record<string, unknown>>;
  /** The port inside; 8080 by default. */
  port?: number;
  /** It holds this long, at most a day, which is the default; whole seconds, in milliseconds. */
  expiresInMs?: number;
}

export interface SandboxCreateConnectCredentials {
  /** Where requests go. */
  url: string;
  /** For the header `Authorization: Bearer`, or once for the parameter `_sandkeep_connect_token` of a URL. */
  token: string;
  /** Names it to `revokeConnectToken`; no secret. */
  tokenId: string;
  expiresAt: Date;
}

/** @internal Makes a token. `path` is the sandbox's. */
export async function createConnectToken(
  gateway: Pick<Gateway, "json">,
  path: string,
  { userMetadata, port = 8080, expiresInMs, signal }: SandboxCreateConnectTokenParams,
): Promise<SandboxCreateConnectCredentials> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw invalid(`port must be a whole number from 1 to 65535, got ${port}`);
  const expiresInSeconds = wholeSeconds("expiresInMs", expiresInMs);
  const json: CreateConnectTokenInput = {
    port,
    ...(userMetadata !== undefined && { userMetadata: headerOf(userMetadata) }),
    ...(expiresInSeconds !== undefined && { expiresInSeconds }),
  };
  // One that was made twice is one too many, and harms nobody.
  const request = { method: "POST", path: `${path}/connect-tokens`, json, repeatable: true, signal } as const;
  const { id, url, token, expiresAt } = await gateway.json<ConnectTokenView>(request);
  return { url, token, tokenId: id, expiresAt: new Date(expiresAt) };
}

/** As a header can carry it: JSON need have no sign but ASCII's. */
function headerOf(userMetadata: string | Readonly<Record<string, unknown>>): string {
  if (typeof userMetadata === "string") return userMetadata;
  return JSON.stringify(userMetadata).replaceAll(/[\u007f-\uffff]/g, escaped);
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
