import type { Exec } from "../../api/process.ts";

/** What the agent takes to start a process. */
export type AgentStart = Omit<Exec, "secretValues"> & {
  id: string;
  /** What `secrets` hold now: no part of what makes two requests the same. */
  secretEnv?: Record<string, string>;
};

/** The request as the agent takes it, with the contents of its `secrets`; what `env` says wins over `secretValues`. */
export function agentBody(
  { env, secretValues, ...request }: Exec & { id: string },
  secretEnv?: Record<string, string>,
): AgentStart {
  return {
    ...request,
    ...((env ?? secretValues) && { env: { ...secretValues, ...env } }),
    ...(secretEnv && { secretEnv }),
  };
}
