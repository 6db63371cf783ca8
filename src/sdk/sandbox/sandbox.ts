import { ENTRYPOINT_PROCESS } from "../../api/constants.ts";
import type { SandboxView } from "../../api/sandbox-http.ts";
import { ClientClosedError, invalid, NotFoundError, notSupported, TimeoutError } from "../errors.ts";
import type { Gateway, Operation } from "../http/gateway.ts";
import type { Image } from "../image.ts";
import { SandboxFile, type SandboxFileMode } from "../filesystem/file.ts";
import { SandboxFilesystem, type FileWatch, type WatchParams } from "../filesystem/filesystem.ts";
import type { ContainerProcess, WaitParams } from "../process/container-process.ts";
import type { SandboxExecParams } from "../process/exec-params.ts";
import {
  attachProcess,
  processPath,
  processToBe,
  startProcess,
  type SandboxAttachParams,
} from "../process/of-sandbox.ts";
import { Output } from "../process/output.ts";
import { StdinSink } from "../process/stdin.ts";
import { text } from "../streams/chunks.ts";
import { SandkeepReadStream } from "../streams/read-stream.ts";
import { SandkeepWriteStream } from "../streams/write-stream.ts";
import { type Tunnel, waitForTunnels } from "../tunnel.ts";
import { wholeSeconds } from "../units.ts";
import {
  createConnectToken,
  type SandboxCreateConnectCredentials,
  type SandboxCreateConnectTokenParams,
} from "./connect-token.ts";
import { exitCodeOf, interruption } from "./ending.ts";
import { infoOf, type SandboxInfo } from "./info.ts";
import { connectPort, type PortConnection } from "./port.ts";
import { decisionsOf, type NetworkDecisions } from "./decisions.ts";
import { networkPatch, type NetworkPolicyParams } from "./network.ts";
import { readLogs, type SandboxLogsParams } from "./logs.ts";
import { usageOf, type SandboxUsage } from "./usage.ts";

export interface SandboxWaitParams extends WaitParams {
  /** Rejects when the sandbox was terminated or reached its time limit, rather than to resolve with 137 or 124. */
  throwOnTermination?: boolean;
}

export interface SandboxTerminateParams extends WaitParams {
  /** Resolves with the exit code, once it has finished. */
  wait?: boolean;
}

/** What is left out stays. */
export interface SandboxTimeoutsParams extends WaitParams {
  /** It ends this long after it has started; whole seconds, in milliseconds. Can be raised only. */
  timeoutMs?: number;
  /** It ends after this long without use; whole seconds, in milliseconds. null: never. */
  idleTimeoutMs?: number | null;
}

export interface ReloadVolumesParams extends WaitParams {
  /** How long it may take. */
  timeoutMs?: number;
}

/** How long one request waits for a sandbox; seconds. */
const waitSeconds = 60;

/** A sandbox. It goes on when the program that created it ends. */
export class Sandbox {
  readonly sandboxId: string;
  /** Files inside it. */
  readonly filesystem: SandboxFilesystem;
  readonly #gateway: Gateway;
  readonly #path: string;
  #finished: SandboxView | undefined;
  #streams: Partial<Record<"stdin" | "stdout" | "stderr", unknown>> = {};
  #detached = false;
  #tunnels: Record<number, Tunnel> | undefined;
  readonly #isNewWithPipes: boolean;

  /** @internal `isNewWithPipes`: it was just created, for a command that has no terminal. */
  constructor(gateway: Gateway, sandboxId: string, isNewWithPipes = false) {
    this.#isNewWithPipes = isNewWithPipes;
    this.sandboxId = sandboxId;
    this.#path = `/sandboxes/${encodeURIComponent(sandboxId)}`;
    this.#gateway = gateway;
    this.filesystem = new SandboxFilesystem(() => this.#attached(), this.#path);
  }

  /** Standard input of its command. */
  get stdin(): SandkeepWriteStream {
    return this.#once("stdin", () => new SandkeepWriteStream(new StdinSink(this.#attached(), this.#entrypoint)));
  }

  /** Standard output of its command. Once it has finished, its log: both streams, for as long as the Pod is there. */
  get stdout(): SandkeepReadStream {
    return this.#once("stdout", () => this.#output("stdout"));
  }

  /** Standard error of its command; empty once it has finished. */
  get stderr(): SandkeepReadStream {
    return this.#once("stderr", () => this.#output("stderr"));
  }

  /** Its exit code, once `wait`, `poll` or `terminate` has seen it; null before. */
  get returncode(): number | null {
    return this.#finished === undefined ? null : exitCodeOf(this.#finished);
  }

  /** Starts a program, and resolves once it runs. Waits for a sandbox that is on its way. There is no shell. */
  exec(command: readonly string[], params?: SandboxExecParams & { mode?: "text" }): Promise<ContainerProcess>;
  exec(
    command: readonly string[],
    params: SandboxExecParams & { mode: "binary" },
  ): Promise<ContainerProcess<Uint8Array>>;
  exec(
    command: readonly string[],
    params?: SandboxExecParams,
  ): Promise<ContainerProcess | ContainerProcess<Uint8Array>>;
  async exec(
    command: readonly string[],
    params: SandboxExecParams = {},
  ): Promise<ContainerProcess | ContainerProcess<Uint8Array>> {
    return await startProcess(this.#attached(), this.#path, command, params);
  }

  /** A process that runs, or has ended lately, by its id: its output from the beginning or `tail`, its input from where it is. */
  attach(processId: string, params?: SandboxAttachParams & { mode?: "text" }): Promise<ContainerProcess>;
  attach(processId: string, params: SandboxAttachParams & { mode: "binary" }): Promise<ContainerProcess<Uint8Array>>;
  async attach(
    processId: string,
    params: SandboxAttachParams = {},
  ): Promise<ContainerProcess | ContainerProcess<Uint8Array>> {
    const isKnown = this.#isNewWithPipes && processId === ENTRYPOINT_PROCESS && params.tail === undefined;
    const attach = isKnown ? processToBe : attachProcess;
    return await attach(this.#attached(), this.#path, processId, params);
  }

  /** Resolves with its exit code once it has finished: 137 when it was terminated, 124 when its time was over. */
  async wait({ throwOnTermination = false, signal }: SandboxWaitParams = {}): Promise<number> {
    const view = (this.#finished ??= await this.#until("finished", signal));
    const interrupted = throwOnTermination ? interruption(view) : undefined;
    if (interrupted !== undefined) throw interrupted;
    return exitCodeOf(view) ?? 0;
  }

  /** Its exit code, or null while it has not finished. */
  async poll({ signal }: WaitParams = {}): Promise<number | null> {
    if (this.#finished === undefined) {
      const view = await this.#view({}, signal);
      if (view.status.phase === "Finished") this.#finished = view;
    }
    return this.returncode;
  }

  /** Ends it at once; no-op when it has finished. */
  terminate(params: SandboxTerminateParams & { wait: true }): Promise<number>;
  terminate(params?: SandboxTerminateParams): Promise<void>;
  async terminate({ wait = false, signal }: SandboxTerminateParams = {}): Promise<number | void> {
    await this.#attached().run({ method: "POST", path: `${this.#path}/terminate`, repeatable: true, signal });
    if (wait) return await this.wait(signal === undefined ? {} : { signal });
  }

  /** Resolves once programs can run in it. Rejects with a `ConflictError` when it has finished before. */
  async waitUntilStarted({ signal }: WaitParams = {}): Promise<void> {
    await this.#until("started", signal);
  }

  /** Ends it and deletes its record; no-op when there is none. */
  async delete({ signal }: WaitParams = {}): Promise<void> {
    await unlessGone(this.#attached().run({ method: "DELETE", path: this.#path, signal }));
  }

  /** A TCP connection to a port inside, at which a program listens: at any address, and whatever the network rules are. */
  async connect(port: number, { signal }: WaitParams = {}): Promise<PortConnection> {
    return await connectPort(this.#attached(), this.#path, port, signal);
  }

  /**
   * Resolves once its readiness probe has succeeded. Rejects with a `TimeoutError` after `timeoutMs`, or when the probe has given
   * up, and with a `ConflictError` when it has no probe or has finished.
   */
  async waitUntilReady(timeoutMs = 300_000, { signal }: WaitParams = {}): Promise<void> {
    if (!(timeoutMs > 0)) throw invalid(`timeoutMs must be positive, got ${timeoutMs}`);
    const end = performance.now() + timeoutMs;
    for (;;) {
      const left = Math.max(0, (end - performance.now()) / 1000);
      try {
        await this.#view({ wait: "ready", timeoutSeconds: Math.min(left, waitSeconds) }, signal);
        return;
      } catch (error) {
        if (!(error instanceof TimeoutError) || error.resource === "probe" || left === 0) throw error;
      }
    }
  }

  /** What it is and how it fares. */
  async info({ signal }: WaitParams = {}): Promise<SandboxInfo> {
    return infoOf(await this.#view({}, signal));
  }

  /** Processor time, memory, disk and processes that it uses now. */
  async usage({ signal }: WaitParams = {}): Promise<SandboxUsage> {
    return await usageOf(this.#attached(), this.#path, signal);
  }

  /** What its command has written, as `kubectl logs` shows it. */
  logs(params: SandboxLogsParams = {}): SandkeepReadStream {
    return new SandkeepReadStream(readLogs(this.#attached(), this.#path, params), text());
  }

  /** Its tags. */
  async getTags({ signal }: WaitParams = {}): Promise<Record<string, string>> {
    return { ...(await this.#view({}, signal)).spec.tags };
  }

  /** Replaces all of its tags. */
  async setTags(tags: Readonly<Record<string, string>>, { signal }: WaitParams = {}): Promise<void> {
    await this.#attached().run({ ...this.#patch({ tags }), signal });
  }

  /** Changes its time limits, also while it runs. Rejects with an `InvalidError` when `timeoutMs` is less than it was. */
  async updateTimeouts({ timeoutMs, idleTimeoutMs, signal }: SandboxTimeoutsParams): Promise<void> {
    const timeoutSeconds = wholeSeconds("timeoutMs", timeoutMs);
    const idleTimeoutSeconds = idleTimeoutMs === null ? null : wholeSeconds("idleTimeoutMs", idleTimeoutMs);
    const spec = {
      ...(timeoutSeconds !== undefined && { timeoutSeconds }),
      ...(idleTimeoutSeconds !== undefined && { idleTimeoutSeconds }),
    };
    await this.#attached().run({ ...this.#patch(spec), signal });
  }

  /** Opens a file inside it: `r`, `w`, `a`, `x`, and with `+` for reading and writing. */
  async open(path: string, mode: SandboxFileMode = "r", { signal }: WaitParams = {}): Promise<SandboxFile> {
    return await SandboxFile.open(this.#attached(), this.#path, path, mode, signal);
  }

  /** Names in a directory. `filesystem.listFiles` says more. */
  async ls(path: string): Promise<string[]> {
    return (await this.filesystem.listFiles(path)).map(({ name }) => name);
  }

  /** Makes a directory. `filesystem.makeDirectory` makes those that it is in as well. */
  mkdir(path: string, { parents = false }: { parents?: boolean } = {}): Promise<void> {
    return this.filesystem.makeDirectory(path, { createParents: parents });
  }

  /** Removes a file, or a directory. */
  rm(path: string, { recursive = false }: { recursive?: boolean } = {}): Promise<void> {
    return this.filesystem.remove(path, { recursive });
  }

  /** What happens to a file or in a directory. */
  watch(path: string, params?: WatchParams): FileWatch {
    return this.filesystem.watch(path, params);
  }

  /**
   * Where its published ports are reached, by port inside, once the network leads there. Rejects with a `SandboxTimeoutError`
   * after `timeoutMs`.
   */
  async tunnels(timeoutMs = 50_000, { signal }: WaitParams = {}): Promise<Record<number, Tunnel>> {
    if (!(timeoutMs > 0)) throw invalid(`timeoutMs must be positive, got ${timeoutMs}`);
    return { ...(this.#tunnels ??= await waitForTunnels(this.#attached(), this.#path, timeoutMs, signal)) };
  }

  /**
   * Makes a token with which anybody may send HTTP requests to a port inside, as `Authorization: Bearer`, while the sandbox runs.
   * Waits for a sandbox that is on its way.
   */
  async createConnectToken(params: SandboxCreateConnectTokenParams = {}): Promise<SandboxCreateConnectCredentials> {
    return await createConnectToken(this.#attached(), this.#path, params);
  }

  /** Has a connect token hold no longer, within a second; requests with it that are under way are cut. */
  async revokeConnectToken(tokenId: string, { signal }: WaitParams = {}): Promise<void> {
    const path = `${this.#path}/connect-tokens/${encodeURIComponent(tokenId)}`;
    await this.#attached().run({ method: "DELETE", path, repeatable: true, signal });
  }

  /** Has all connect tokens that were made so far hold no longer. */
  async revokeConnectTokens({ signal }: WaitParams = {}): Promise<void> {
    await this.#attached().run({ method: "DELETE", path: `${this.#path}/connect-tokens`, signal });
  }

  /** Changes what it may reach, also while it runs. New connections are judged by the new rule within a second. */
  async updateNetworkPolicy({ signal, ...params }: NetworkPolicyParams): Promise<void> {
    await this.#attached().run({ ...this.#patch({ network: networkPatch(params) }), signal });
  }

  /** What it was allowed and denied to reach by name, if it has domains or a proxy: why something is blocked. */
  async networkDecisions({ signal }: WaitParams = {}): Promise<NetworkDecisions> {
    return await decisionsOf(this.#attached(), this.#path, signal);
  }

  /** Rejects with a `NotSupportedError`: snapshots are not there yet. */
  async snapshotFilesystem(_params?: { timeoutMs?: number; ttlMs?: number | null } | number): Promise<Image> {
    throw notSupported("sandbox.snapshotFilesystem");
  }

  /** Rejects with a `NotSupportedError`: snapshots are not there yet. */
  async snapshotDirectory(_path: string, _params?: { timeoutMs?: number; ttlMs?: number | null }): Promise<Image> {
    throw notSupported("sandbox.snapshotDirectory");
  }

  /** Rejects with a `NotSupportedError`: mounts are not there yet. */
  async mountImage(_path: string, _image?: Image): Promise<void> {
    throw notSupported("sandbox.mountImage");
  }

  /** Rejects with a `NotSupportedError`: mounts are not there yet. */
  async unmountImage(_path: string): Promise<void> {
    throw notSupported("sandbox.unmountImage");
  }

  /**
   * Resolves once all that it wrote to its volumes is on their storage, where other sandboxes can read it. Rejects with a
   * `TimeoutError` after `timeoutMs`.
   */
  async reloadVolumes({ timeoutMs = 55_000, signal }: ReloadVolumesParams = {}): Promise<void> {
    if (!(timeoutMs > 0)) throw invalid(`timeoutMs must be positive, got ${timeoutMs}`);
    const query = { timeoutSeconds: timeoutMs / 1000 };
    const path = `${this.#path}/volumes/reload`;
    await this.#attached().run({ method: "POST", path, query, repeatable: true, signal });
  }

  /** Lets go of it: what is under way goes on, and all else throws a `ClientClosedError`. The sandbox goes on. */
  detach(): void {
    this.#detached = true;
  }

  /** Ends it; no-op when it has been detached or deleted. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#detached) await unlessGone(this.terminate());
  }

  get #entrypoint(): string {
    return processPath(this.#path, ENTRYPOINT_PROCESS);
  }

  #attached(): Gateway {
    if (this.#detached) throw new ClientClosedError();
    return this.#gateway;
  }

  #once<T>(name: "stdin" | "stdout" | "stderr", make: () => T): T {
    return (this.#streams[name] ??= make()) as T;
  }

  #output(name: "stdout" | "stderr"): SandkeepReadStream {
    const place = { gateway: this.#attached(), path: `${this.#entrypoint}/${name}` };
    return new SandkeepReadStream(new Output(place, "alone", () => {}), text());
  }

  #patch(spec: object): Operation {
    return { method: "PATCH", path: this.#path, json: { spec }, repeatable: true };
  }

  #view(query: NonNullable<Operation["query"]>, signal?: AbortSignal): Promise<SandboxView> {
    return this.#attached().json<SandboxView>({ method: "GET", path: this.#path, query, signal });
  }

  async #until(phase: "started" | "finished", signal?: AbortSignal): Promise<SandboxView> {
    for (;;) {
      try {
        return await this.#view({ wait: phase, timeoutSeconds: waitSeconds }, signal);
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error;
      }
    }
  }
}

/** Resolves with the ending, also of what is gone. */
async function unlessGone(ending: Promise<void>): Promise<void> {
  try {
    await ending;
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}
