import type { Process } from "../../api/process.ts";
import { anyOf } from "../any-of.ts";
import type { Gateway } from "../http/gateway.ts";
import { binary, lines, text } from "../streams/chunks.ts";
import { ContainerProcess, type WaitParams } from "./container-process.ts";
import { execRequest, type SandboxExecParams } from "./exec-params.ts";
import { Execution } from "./execution.ts";
import { waitForExit } from "./exit.ts";
import { killWhenAborted } from "./kill.ts";
import { Output } from "./output.ts";

export interface SandboxAttachParams extends WaitParams {
  mode?: "text" | "binary";
  bufsize?: -1 | 1;
  /** Only the last so many octets of what it has written, and what follows. */
  tail?: number;
}

/** As text, or as octets. */
type AnyProcess = ContainerProcess | ContainerProcess<Uint8Array>;

/** @internal Below the namespace; `sandbox` is the sandbox's path. */
export function processPath(sandbox: string, id: string): string {
  return `${sandbox}/processes/${encodeURIComponent(id)}`;
}

/** @internal Starts a process in the sandbox of that path, and resolves once it runs. */
export async function startProcess(
  gateway: Gateway,
  sandbox: string,
  command: readonly string[],
  params: SandboxExecParams,
): Promise<AnyProcess> {
  const { signal } = params;
  const request = await execRequest(command, params);
  const path = processPath(sandbox, request.id);
  const release = killWhenAborted(gateway, path, signal);
  const execution = await Execution.start(gateway, sandbox, request, signal).catch((error: unknown) => {
    release();
    throw error;
  });
  void execution.told.then((exit) => exit && release());
  const parts = {
    gateway,
    id: request.id,
    path,
    stdout: params.stdout === "ignore" ? undefined : execution.stdout,
    stderr: params.stderr === "ignore" ? undefined : execution.stderr,
    exit: (within?: AbortSignal) => execution.exit(anyOf(signal, within)),
    onExit: release,
    signal,
  };
  return processOf(parts, params);
}

/**
 * @internal The command of a sandbox that was just made for it, with pipes. Nothing is asked before it is used, and what is then
 * waits for its start: a command that ends at once meets requests that are on their way.
 */
export function processToBe(
  gateway: Gateway,
  sandbox: string,
  processId: string,
  params: SandboxAttachParams,
): AnyProcess {
  return processOf(partsOf(gateway, sandbox, processId), params);
}

/** @internal A process that the sandbox of that path has already. */
export async function attachProcess(
  gateway: Gateway,
  sandbox: string,
  processId: string,
  params: SandboxAttachParams,
): Promise<AnyProcess> {
  const path = processPath(sandbox, processId);
  const { signal, tail = Infinity } = params;
  const { stdout, stderr } = await gateway.json<Process>({ method: "GET", path, signal });
  const from = (end = 0) => Math.max(0, end - tail);
  const begins = { stdout: from(stdout?.end), stderr: from(stderr?.end) };
  return processOf(partsOf(gateway, sandbox, processId, begins), params);
}

function partsOf(
  gateway: Gateway,
  sandbox: string,
  id: string,
  begins: { stdout?: number; stderr?: number } = {},
): Parts {
  const path = processPath(sandbox, id);
  return {
    gateway,
    id,
    path,
    stdout: new Output({ gateway, path: `${path}/stdout` }, "alone", () => {}, begins.stdout),
    stderr: new Output({ gateway, path: `${path}/stderr` }, "alone", () => {}, begins.stderr),
    exit: (within?: AbortSignal) => waitForExit(gateway, path, within),
  };
}

type Parts = Omit<ConstructorParameters<typeof ContainerProcess>[0], "chunks">;

function processOf(parts: Parts, { mode = "text", bufsize = -1 }: SandboxAttachParams): AnyProcess {
  if (mode === "binary") return new ContainerProcess({ ...parts, chunks: binary });
  return new ContainerProcess({ ...parts, chunks: bufsize === 1 ? lines : text });
}
