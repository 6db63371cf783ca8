import { CONNECT_TOKEN_PARAMETER } from "../../api/constants.ts";
import type { SandboxCreateConnectCredentials } from "../../sdk/sandbox/connect-token.ts";
import { clientFor, sandboxOf } from "../client.ts";
import { defineCommand } from "../command.ts";
import { Failure } from "../errors.ts";
import { serialized, withFormat, type FormatOptions } from "../output/format.ts";
import { table } from "../output/table.ts";
import { write } from "../output/write.ts";
import { duration } from "../parse/quantity.ts";

interface ConnectTokenOptions extends FormatOptions {
  port?: string;
  metadata?: string;
  expiresIn?: number;
  revoke?: string;
  revokeAll?: boolean;
}

/** `connect-token`: lets others send HTTP requests to a port of a sandbox, and no longer. */
export const connectToken = defineCommand<ConnectTokenOptions>({
  usage: "connect-token <sandbox>",
  summary: "make or revoke a token with which others may send HTTP requests to a sandbox",
  args: { sandbox: "its id, or APP/NAME" },
  examples: [
    ["connect-token my-app/worker --port 3000 --expires-in 1h", "a URL and a token"],
    ["connect-token my-app/worker --metadata alice", "the program reads it in X-Verified-User-Data"],
    ["connect-token my-app/worker --revoke ID", "has one hold no longer"],
  ],
  options: (command) =>
    withFormat(command)
      .option("--port <port>", "the port inside, 8080 by default")
      .option("--metadata <text>", "what the program inside is told of who has the token")
      .option("--expires-in <duration>", "it holds this long, a day by default and at most", duration)
      .option("--revoke <id>", "have the token of this id hold no longer")
      .option("--revoke-all", "have all of its tokens hold no longer"),
  async run([[reference = ""] = []], { port, metadata, expiresIn, revoke, revokeAll = false, output, ...options }) {
    const making = port ?? metadata ?? expiresIn;
    if ([making, revoke, revokeAll || undefined].filter((one) => one !== undefined).length > 1)
      throw new Failure("The options exclude each other", "Make a token, or give one of --revoke and --revoke-all.");
    const sandbox = await sandboxOf(await clientFor(options), reference);
    if (revoke !== undefined) return await sandbox.revokeConnectToken(revoke);
    if (revokeAll) return await sandbox.revokeConnectTokens();
    const made = await sandbox.createConnectToken({
      ...(port !== undefined && { port: Number(port) }),
      ...(metadata !== undefined && { userMetadata: metadata }),
      ...(expiresIn !== undefined && { expiresInMs: expiresIn }),
    });
    if (output === "json" || output === "yaml") return await write(await serialized(made, output));
    await write(output === "name" ? `${made.tokenId}\n` : table(connectTokenLines(made)));
  },
});

/** What was made, a line for each, and the URL that leads a browser there. */
export function connectTokenLines({ url, token, tokenId, expiresAt }: SandboxCreateConnectCredentials): string[][] {
  return [
    ["URL:", url],
    ["Token:", token],
    ["ID:", tokenId],
    ["Expires:", expiresAt.toISOString()],
    ["For a browser:", `${url}/?${CONNECT_TOKEN_PARAMETER}=${token}`],
  ];
}
