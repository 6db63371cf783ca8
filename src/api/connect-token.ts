import { z } from "zod";
import { MAX_TIMEOUT_SECONDS } from "./constants.ts";
import { port } from "./schema/port.ts";

/** A token lives at most as long as a sandbox can. */
export const MAX_CONNECT_TOKEN_SECONDS: number = MAX_TIMEOUT_SECONDS;

const printable = z
  .string()
  .max(2048)
  .regex(
    /^([!-~]([ -~]*[!-~])?)?$/,
    "must be printable ASCII without spaces around it, which a header can carry; JSON can write other characters as \\uXXXX",
  );

/** The body that asks for a connect token. */
export const createConnectTokenSchema = z.strictObject({
  userMetadata: printable
    .exactOptional()
    .describe(
      "What the program inside reads in the header X-Verified-User-Data of every request with this token. Who has the token can read it, too.",
    ),
  port: port.default(8080).describe("The port inside the sandbox, which need not be published."),
  expiresInSeconds: z
    .int()
    .min(1)
    .max(MAX_CONNECT_TOKEN_SECONDS)
    .default(MAX_CONNECT_TOKEN_SECONDS)
    .describe("How long it holds, at most; none outlives its sandbox."),
});

/** When the token expires, in seconds since 1970, and something random. */
export const connectTokenId = z
  .string()
  .regex(/^[1-9][0-9]{9}-[A-Za-z0-9_-]{16}$/, "must be the id of a connect token, as its creation has told");

/** A connect token. */
export const connectTokenSchema = z.strictObject({
  id: connectTokenId.describe("What revokes it; no secret."),
  url: z.string().describe("Where HTTP requests to the sandbox go."),
  token: z.string().describe("The secret itself, which is shown this once."),
  expiresAt: z.iso.datetime(),
});

export type CreateConnectToken = z.output<typeof createConnectTokenSchema>;
export type CreateConnectTokenInput = z.input<typeof createConnectTokenSchema>;
export type ConnectTokenView = z.output<typeof connectTokenSchema>;
