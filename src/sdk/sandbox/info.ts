import { DEFAULT_TIMEOUT_SECONDS } from "../../api/constants.ts";
import type { FinishReason, SandboxPhase } from "../../api/phases.ts";
import type { SandboxView } from "../../api/sandbox-http.ts";
import { said } from "../../lib/literal.ts";
import { networkInfo, type NetworkInfo } from "./network.ts";

/** A sandbox as it is at a moment. */
export interface SandboxInfo {
  sandboxId: string;
  namespace: string;
  createdAt: Date;
  app: string;
  name: string | undefined;
  tags: Readonly<Record<string, string>>;
  /** As it was asked for; undefined: the class's default. */
  image: string | undefined;
  command: readonly string[] | undefined;
  /** It ends this long after it has started; milliseconds. */
  timeoutMs: number;
  /** It ends after this long without use; milliseconds. */
  idleTimeoutMs: number | undefined;
  network: NetworkInfo;
  phase: SandboxPhase;
  startedAt: Date | undefined;
  readyAt: Date | undefined;
  finishedAt: Date | undefined;
  /** How it ended. */
  reason: FinishReason | undefined;
  message: string | undefined;
  exitCode: number | undefined;
  nodeName: string | undefined;
}

/** @internal What a view of the gateway says. */
export function infoOf({ id, namespace, createdAt, spec, status }: SandboxView): SandboxInfo {
  return {
    sandboxId: id,
    namespace,
    createdAt: new Date(createdAt),
    app: spec.app,
    name: spec.name,
    tags: spec.tags ?? {},
    image: spec.image,
    command: spec.command || spec.args ? [...(spec.command ?? []), ...(spec.args ?? [])].map(said) : undefined,
    timeoutMs: (spec.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
    idleTimeoutMs: spec.idleTimeoutSeconds === undefined ? undefined : spec.idleTimeoutSeconds * 1000,
    network: networkInfo(spec.network),
    phase: status.phase ?? "Created",
    startedAt: timeOf(status.startedAt),
    readyAt: timeOf(status.readyAt),
    finishedAt: timeOf(status.finishedAt),
    reason: status.reason,
    message: status.message,
    exitCode: status.exitCode,
    nodeName: status.nodeName,
  };
}

function timeOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
