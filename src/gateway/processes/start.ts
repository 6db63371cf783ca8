import { SandkeepError } from "../../api/errors.ts";
import type { Exec } from "../../api/process.ts";

/** What the agent takes to start a process. */
export type AgentStart = Omit<Exec, "secrets" | "secretValues"> & { id: string };

/** The request as the agent takes it: secret values are variables like others there. Throws `not_supported` for Secrets. */
export function agentBody({ secrets, secretValues, env, ...request }: Exec & { id: string }): AgentStart {
  if (secrets !== undefined && secrets.length > 0)
    throw new SandkeepError(
      "not_supported",
      "secret",
      "Cannot read Secrets for a process: name them in the sandbox's spec.envFrom, or send secretValues",
    );
  if (env === undefined && secretValues === undefined) return request;
  return { ...request, env: { ...env, ...secretValues } };
}
