import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { Sandbox } from "../../api/sandbox.ts";
import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import type { Log } from "../../log.ts";
import { freePorts, tcpPortsOf } from "./ports.ts";
import type { TunnelSettings } from "./settings.ts";
import type { ToldPorts } from "./told-ports.ts";

/** What is known of a sandbox's tunnels. */
export type Opening =
  /** The network leads to the Pod; `unencrypted` has the port outside for each port inside that is to have one. */
  | { kind: "open"; unencrypted: ReadonlyMap<number, number> }
  /** Ports outside have to be freed first. */
  | { kind: "waiting"; message: string };

export interface OpeningsOptions {
  settings: TunnelSettings;
  /** What sandboxes have been told, now or a short while ago. */
  told: Pick<ToldPorts, "isTaken" | "keptFor">;
  /** Whether the network leads to an address. */
  answers: (address: string, signal: AbortSignal) => Promise<boolean>;
  /** Told the key of a sandbox of whose tunnels something new is known. */
  report: (key: string) => void;
  log: Log;
}

export interface OpeningRequest {
  sandbox: Sandbox;
  sandboxClass: SandboxClassSpec;
  /** Of the Pod. */
  address: string;
}

interface Entry {
  id: string;
  stop: AbortController;
  task: Promise<void>;
  ports: number[];
  opening?: Opening;
}

const pauses = { first: 100, most: 2_000 };

/** Finds out when the tunnels of sandboxes lead to them, and gives those that are not encrypted ports. */
export class Openings implements AsyncDisposable {
  readonly #options: OpeningsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #reserved = new Set<number>();
  /** The port that was given last. */
  #last: number;

  constructor(options: OpeningsOptions) {
    this.#options = options;
    const { first, last } = options.settings.tcpPorts ?? { first: 0, last: 0 };
    // Ports given before a restart are as new as any: where to go on is left to chance.
    this.#last = first + Math.floor(Math.random() * (last - first + 1));
  }

  /** What is known, if the sandbox is this one and its Pod there. */
  of(key: string, { metadata }: Sandbox): Opening | undefined {
    const entry = this.#entries.get(key);
    return entry?.id === metadata.uid ? entry?.opening : undefined;
  }

  /** Begins to find out, unless that is under way or known. */
  ensure(key: string, request: OpeningRequest): void {
    const id = request.sandbox.metadata.uid ?? "";
    if (this.#entries.get(key)?.id === id) return;
    this.forget(key);
    const entry: Entry = { id, stop: new AbortController(), task: Promise.resolve(), ports: [] };
    this.#entries.set(key, entry);
    entry.task = this.#open(key, entry, request);
  }

  /** Drops what is known and frees the ports that the sandbox has not been told of. */
  forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    entry.stop.abort(new Error(`Nobody waits for the tunnels of ${key} any more`));
    this.#free(entry);
  }

  #free(entry: Entry): void {
    for (const port of entry.ports) this.#reserved.delete(port);
    entry.ports = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const entries = [...this.#entries];
    for (const [key] of entries) this.forget(key);
    await Promise.all(entries.map(([, { task }]) => task));
  }

  async #open(key: string, entry: Entry, request: OpeningRequest): Promise<void> {
    const { answers, report, log, told } = this.#options;
    const { signal } = entry.stop;
    const { namespace } = request.sandbox.metadata;
    const tell = (opening: Opening): void => {
      entry.opening = opening;
      report(key);
    };
    try {
      for (;;) {
        const unencrypted = await this.#ports(entry, request, tell);
        for (let attempt = 0; !(await answers(request.address, signal)); attempt++) {
          await sleep(backoff(attempt, pauses), signal);
        }
        // Another operator, that led before, may have given them meanwhile.
        if (!entry.ports.some((port) => told.isTaken(port, namespace))) return tell({ kind: "open", unencrypted });
        this.#free(entry);
      }
    } catch (error) {
      if (!signal.aborted) log.error({ error, key }, "opening tunnels ended");
    }
  }

  /** Waits for as long as there are too few. */
  async #ports(
    entry: Entry,
    { sandbox, sandboxClass }: OpeningRequest,
    tell: (opening: Opening) => void,
  ): Promise<Map<number, number>> {
    const wanted = (sandbox.spec.tunnels ?? []).filter(({ protocol }) => protocol === "TCP").map(({ port }) => port);
    const range = tcpPortsOf(sandboxClass, this.#options.settings);
    if (wanted.length === 0 || range === undefined) return new Map();
    const { told } = this.#options;
    const { namespace } = sandbox.metadata;
    const isTaken = (port: number): boolean => this.#reserved.has(port) || told.isTaken(port, namespace);
    for (;;) {
      const preferred = told.keptFor(namespace);
      const ports = freePorts(range, wanted.length, { preferred, after: this.#last, isTaken });
      if (ports !== undefined) {
        this.#last = ports.findLast((port) => !preferred.includes(port)) ?? this.#last;
        entry.ports = ports;
        for (const port of ports) this.#reserved.add(port);
        return new Map(wanted.map((port, index) => [port, ports[index] ?? 0]));
      }
      if (entry.opening === undefined) {
        const message = `The ports ${range.first} to ${range.last} for unencrypted tunnels are all in use, or were a moment ago.`;
        tell({ kind: "waiting", message });
      }
      await sleep(pauses.most, entry.stop.signal);
    }
  }
}
