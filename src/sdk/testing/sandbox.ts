import { DEFAULT_APP, DEFAULT_TIMEOUT_SECONDS, ENTRYPOINT_PROCESS } from "../../api/constants.ts";
import type { Exec } from "../../api/process.ts";
import type { CreateSandboxInput, PatchSandbox, SandboxView } from "../../api/sandbox-http.ts";
import { fromBase64 } from "../base64.ts";
import { said } from "../../lib/literal.ts";
import { eitherOf } from "./broadcast.ts";
import { FileRoutes } from "./file-routes.ts";
import { FileTree } from "./file-tree.ts";
import { MockProcess } from "./process.ts";
import { programsOf, type FindProgram } from "./programs.ts";
import { refused } from "./replies.ts";
import { mergePatch } from "./merge-patch.ts";
import type { MockProgram } from "./types.ts";

type Status = SandboxView["status"];
type Variables = Readonly<Record<string, string>>;

export interface SandboxStart {
  namespace: string;
  input: CreateSandboxInput;
  programs: Readonly<Record<string, MockProgram>>;
  /** The variables of a Secret. Throws if there is none. */
  secret: (name: string) => Variables;
  /** Files of a volume. */
  volume: (name: string) => FileTree;
  onChange: () => void;
}

/** A sandbox: its processes and files, and how far it has come. */
export class MockSandbox {
  readonly id: string;
  readonly files: FileRoutes;
  readonly #view: SandboxView;
  readonly #env: Variables;
  readonly #secret: SandboxStart["secret"];
  readonly #onChange: () => void;
  readonly #tree = new FileTree();
  readonly #find: FindProgram;
  readonly #processes = new Map<string, MockProcess>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #startedAt = performance.now();
  #changed = Promise.withResolvers<void>();

  constructor({ namespace, input, programs, secret, volume, onChange }: SandboxStart) {
    const now = new Date().toISOString();
    const { spec = {}, labels = {}, annotations = {} } = input;
    this.id = input.name ?? `sbx-${crypto.randomUUID()}`;
    this.#view = {
      id: this.id,
      namespace,
      uid: crypto.randomUUID(),
      createdAt: now,
      labels,
      annotations,
      spec: { ...spec, app: spec.app ?? DEFAULT_APP } as SandboxView["spec"],
      status: { phase: "Started", scheduledAt: now, startedAt: now },
    };
    this.#secret = secret;
    this.#onChange = onChange;
    this.#env = {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      HOME: "/root",
      ...Object.assign({}, ...(spec.envFrom ?? []).map(({ secretRef }) => secret(secretRef?.name ?? ""))),
      ...input.secretValues,
      ...Object.fromEntries((spec.env ?? []).map(({ name, value = "" }) => [name, said(value)])),
    };
    for (const { mountPath, persistentVolumeClaim } of spec.volumes ?? [])
      if (persistentVolumeClaim) this.#tree.mount(mountPath, volume(persistentVolumeClaim.claimName));
    this.files = new FileRoutes(this.#tree);
    this.#find = programsOf(this.#tree, programs);
    this.#limit();
    const words = [...(spec.command ?? []), ...(spec.args ?? [])];
    if (words.length > 0) this.#runEntrypoint(words.map(said));
    void this.#probe();
  }

  get view(): SandboxView {
    return structuredClone(this.#view);
  }

  get isFinished(): boolean {
    return this.#view.status.phase === "Finished";
  }

  /** Starts a process, or finds the one of the same id. Throws the gateway's errors. */
  start(request: Exec): MockProcess {
    this.checkRuns("start a process in");
    const { id = crypto.randomUUID(), command, stdin, stdinOpen, secrets = [] } = request;
    const known = this.#processes.get(id);
    if (known !== undefined) return known;
    const run = this.#find(command);
    if (run === undefined) throw refused("not_found", "process", `There is no program ${command[0]} in the mock`);
    const workdir = request.workdir ?? this.#view.spec.workingDir ?? "/";
    if (!this.#tree.has(workdir)) throw refused("not_found", "process", `There is no directory ${workdir}`);
    const env = Object.assign(
      {},
      this.#env,
      ...secrets.map((name) => this.#secret(name)),
      request.secretValues,
      request.env,
    ) as Variables;
    const process = new MockProcess({
      id,
      sandboxId: this.id,
      command,
      env,
      workdir,
      tty: request.tty !== undefined,
      timeoutMilliseconds: request.timeoutMilliseconds,
      input: stdinOpen ? undefined : fromBase64(stdin ?? ""),
      run,
    });
    this.#processes.set(id, process);
    this.#watchUse();
    void process.ended.then(() => this.#watchUse());
    return process;
  }

  /** Throws `not_found`. */
  process(id: string): MockProcess {
    const process = this.#processes.get(id);
    if (process === undefined) throw refused("not_found", "process", `There is no process "${id}" in "${this.id}"`);
    return process;
  }

  /** No-op once it has finished. */
  terminate(): void {
    this.#finish({ reason: "Terminated", exitCode: 137 });
  }

  /** Changes what the gateway can change. Throws once it has finished, but for tags, and when the timeout is lowered. */
  patch({ spec: { tags, timeoutSeconds, idleTimeoutSeconds, network, desiredState, ...rest } }: PatchSandbox): void {
    if (tags === undefined) this.checkRuns("change");
    if (tags !== undefined) this.#view.spec.tags = tags ?? {};
    Object.assign(this.#view.spec, rest);
    const { spec } = this.#view;
    if (timeoutSeconds !== undefined) {
      if (timeoutSeconds < this.#timeoutSeconds)
        throw refused("invalid_argument", "sandbox", "spec.timeoutSeconds: timeoutSeconds may be raised, not lowered");
      spec.timeoutSeconds = timeoutSeconds;
    }
    if (network !== undefined) Object.assign(spec, mergePatch({ network: spec.network }, { network }));
    if (idleTimeoutSeconds === null) delete spec.idleTimeoutSeconds;
    else if (idleTimeoutSeconds !== undefined) spec.idleTimeoutSeconds = idleTimeoutSeconds;
    this.#limit();
    if (desiredState === "Terminated") this.terminate();
    this.#tell();
  }

  /** Resolves once it has come so far. Throws `deadline_exceeded` after so many seconds, and when it never will. */
  async until(milestone: "started" | "ready" | "finished", seconds: number, signal?: AbortSignal): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (!this.#has(milestone)) {
      const left = end - performance.now();
      if (left <= 0) throw refused("deadline_exceeded", "sandbox", `Sandbox "${this.id}" is not ${milestone} yet`);
      await eitherOf(this.#changed.promise, left, signal);
    }
  }

  /** Throws `failed_precondition` once it has finished. */
  checkRuns(action: string): void {
    const { phase, reason, exitCode } = this.#view.status;
    if (phase !== "Finished") return;
    const message = `Cannot ${action} sandbox "${this.id}": it finished with ${reason} (exit code ${exitCode})`;
    throw refused("failed_precondition", "sandbox", message, { reason, exitCode });
  }

  #has(milestone: "started" | "ready" | "finished"): boolean {
    const { spec, status } = this.#view;
    if (milestone === "finished") return this.isFinished;
    if (milestone === "ready" && spec.readinessProbe === undefined)
      throw refused("failed_precondition", "sandbox", `Sandbox "${this.id}" has no readiness probe`);
    if (status.phase === "Ready" || (milestone === "started" && status.phase === "Started")) return true;
    this.checkRuns(`wait for "${milestone}" of`);
    return false;
  }

  #runEntrypoint(command: string[]): void {
    if (this.#find(command) === undefined) {
      const message = `There is no program ${command[0]} in the mock`;
      return this.#finish({ reason: "StartError", exitCode: 127, message });
    }
    const process = this.start({ id: ENTRYPOINT_PROCESS, command, stdinOpen: true });
    void process.ended.then(({ code }) => this.#finish({ reason: code === 0 ? "Completed" : "Error", exitCode: code }));
  }

  async #probe(): Promise<void> {
    const probe = this.#view.spec.readinessProbe;
    if (probe === undefined) return;
    while (probe.exec !== undefined && !this.isFinished) {
      // A program that is not there fails as well.
      const isThere = this.#find(probe.exec.command) !== undefined;
      if (isThere && (await this.start({ command: probe.exec.command }).ended).code === 0) break;
      await pause(probe.intervalMilliseconds);
    }
    if (this.isFinished) return;
    Object.assign(this.#view.status, { phase: "Ready", readyAt: new Date().toISOString() } satisfies Status);
    this.#tell();
  }

  get #timeoutSeconds(): number {
    return this.#view.spec.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  }

  /** Ends it when its time is over. */
  #limit(): void {
    clearTimeout(this.#timer);
    const left = this.#timeoutSeconds * 1000 - (performance.now() - this.#startedAt);
    this.#timer = idleTimer(() => this.#finish({ reason: "Timeout", exitCode: 124 }), left);
    this.#watchUse();
  }

  /** Ends it when nothing but its own command has run for as long as it may be idle. */
  #watchUse(): void {
    clearTimeout(this.#idleTimer);
    const { idleTimeoutSeconds } = this.#view.spec;
    const inUse = [...this.#processes].some(([id, process]) => id !== ENTRYPOINT_PROCESS && process.exit === undefined);
    if (idleTimeoutSeconds === undefined || inUse || this.isFinished) return;
    const end = () => this.#finish({ reason: "IdleTimeout", exitCode: 124 });
    this.#idleTimer = idleTimer(end, idleTimeoutSeconds * 1000);
  }

  #finish(ending: Status): void {
    if (this.isFinished) return;
    clearTimeout(this.#timer);
    clearTimeout(this.#idleTimer);
    Object.assign(this.#view.status, { phase: "Finished", finishedAt: new Date().toISOString(), ...ending });
    for (const process of this.#processes.values()) process.kill("SIGKILL");
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    this.#onChange();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void idleTimer(resolve, milliseconds));
}

/** A timer that keeps no program alive. */
function idleTimer(done: () => void, milliseconds: number): ReturnType<typeof setTimeout> {
  const timer: ReturnType<typeof setTimeout> & { unref?: () => unknown } = setTimeout(done, milliseconds);
  timer.unref?.();
  return timer;
}
