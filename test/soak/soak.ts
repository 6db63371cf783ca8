import type { Installed } from "../support/installed.ts";
import type { GatewayClient } from "../support/gateway-client.ts";
import { cutLinks, cutStreams, keepStriking, killApiServer, killGateway, type Fault } from "./faults.ts";
import { operations, type Operation } from "./operations.ts";
import { PatientClient } from "./patient-client.ts";
import { Random } from "./random.ts";
import { subjects, type Subject } from "./subjects.ts";

export interface SoakOptions {
  seconds: number;
  /** The same one chooses the same operations; when they meet with which faults is up to the machine. */
  seed: string;
  /** Told of each operation that failed, as it does. */
  onFailure?: (failure: string) => void;
}

/** What a soak has done, and what of it went wrong. */
export interface SoakReport {
  /** Operations done by name. */
  done: Record<string, number>;
  /** How often each fault struck by name. */
  struck: Record<string, number>;
  /** Octets that were compared with what they must be. */
  octets: number;
  /** Requests that had to be made again. */
  again: number;
  failures: string[];
}

/** Workers in each sandbox. */
const workers = 2;

/**
 * Mixes operations in sandboxes of several kinds while links and streams are cut and gateways and API servers killed, and checks
 * every octet and exit code. The class for gVisor must be there. Resolves with what was done; rejects only when there
 * is nothing to try it with.
 */
export async function soak(installed: Installed, gateway: GatewayClient, options: SoakOptions): Promise<SoakReport> {
  const report: SoakReport = { done: {}, struck: {}, octets: 0, again: 0, failures: [] };
  const all = subjects();
  const timeoutSeconds = Math.ceil(options.seconds) + 600;
  const created = await Promise.all(
    all.map(({ spec }) => gateway.create({ spec: { ...spec, timeoutSeconds } }, "started")),
  );
  const ids = created.map(({ id }) => id);
  const [first = "", ...others] = ids;
  const sandboxes = [first, ...others] as const;
  const faults = [
    cutLinks(gateway, sandboxes),
    cutStreams(gateway, sandboxes),
    killGateway(installed),
    killApiServer(installed),
  ];
  const signal = AbortSignal.timeout(options.seconds * 1000);
  try {
    await Promise.all([
      ...faults.map((fault) => strike(fault, options.seed, signal, report)),
      ...all.flatMap((subject, i) =>
        Array.from({ length: workers }, (_, worker) =>
          work(subject, i * workers + worker, new PatientClient(gateway, ids[i] ?? ""), options, signal, report),
        ),
      ),
    ]);
  } finally {
    await Promise.allSettled(ids.map((id) => new PatientClient(gateway, id).ask({ method: "DELETE", path: "" })));
  }
  return report;
}

async function strike(fault: Fault, seed: string, signal: AbortSignal, report: SoakReport): Promise<void> {
  report.struck[fault.name] = await keepStriking(fault, new Random(`${seed} ${fault.name}`), signal);
}

async function work(
  { name, folder }: Subject,
  worker: number,
  client: PatientClient,
  { seed, onFailure }: SoakOptions,
  signal: AbortSignal,
  report: SoakReport,
): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    const random = new Random(`${seed} ${name} ${worker} ${round}`);
    const [operation, run] = chosen(worker, round, random);
    const prefix = `soak-${worker}-${round}`;
    let uses = 0;
    try {
      const octets = await run({ client, folder, random, unique: () => `${prefix}-${uses++}` });
      report.octets += octets;
      report.done[operation] = (report.done[operation] ?? 0) + 1;
    } catch (error) {
      const failure = `${operation} in ${name}, worker ${worker}, round ${round}: ${String(error)}`;
      report.failures.push(failure);
      onFailure?.(failure);
    }
  }
  report.again += client.again;
}

type Named = [name: string, run: Operation];

const { large, ...others } = operations;
const one: Named = ["large", large];

/** All operations, and all but the large one once more: it takes as long as many others. */
const deck: Named[] = [...Object.entries(others), one, ...Object.entries(others)];

/** What is done next: to begin with something else for each worker, so that all is done where there are enough of them. */
function chosen(worker: number, round: number, random: Random): Named {
  return deck[round === 0 ? worker % deck.length : random.integer(0, deck.length - 1)] ?? one;
}
