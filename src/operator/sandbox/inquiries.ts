import { agentClient, type AgentClient } from "../../agent-link/client.ts";
import type { Link } from "../../agent-link/link.ts";
import type { LinkTarget } from "../../agent-link/open.ts";
import { backoff } from "../../lib/backoff.ts";
import { sleep } from "../../lib/sleep.ts";
import { Turns } from "../../lib/turns.ts";
import type { Log } from "../../log.ts";

export interface InquiriesOptions {
  open: (target: LinkTarget, signal: AbortSignal) => Promise<Pick<Link, "request"> & AsyncDisposable>;
  /** Told the key of a sandbox whose agent has answered, or has not for long. */
  report: (key: string) => void;
  log: Log;
  /** Sandboxes asked at once; the others wait for their turn. Default 256. */
  most?: number;
  /** The longest pause before a link is opened again; milliseconds. Default 5,000. */
  longestPause?: number;
}

/** What is asked of an agent. */
export interface Question<A> {
  target: LinkTarget;
  /** The same for the same question; another one takes its place. */
  id: string;
  /** Asks once; `undefined` when there is no answer yet, and `crowded` says that others wait for their turn. */
  ask: (agent: AgentClient, crowded: () => boolean, signal: AbortSignal) => Promise<A | undefined>;
}

/** Seconds after which a request that was held by the agent counts as progress. */
export const patientSeconds = 30;

/** Of all turns, those that the sandboxes of one namespace can have at once. */
const shareOfNamespace = 0.75;

/** The line in which all namespaces stand. */
const everybody = "";

/** Tries that failed one after the other, after which an agent counts as one that does not answer. */
const triesUntilMute = 8;

interface Inquiry {
  id: string;
  tries: Tries;
  stop: AbortController;
  task: Promise<void>;
}

interface Tries {
  failed: number;
}

/**
 * Asks agents, one question for each sandbox, over a link that lasts until there is an answer. An answer is an
 * observation: it is kept here until the sandbox is forgotten. A broken link is opened again with growing pauses.
 */
export class Inquiries<A> implements AsyncDisposable {
  readonly #options: Required<InquiriesOptions>;
  readonly #open = new Map<string, Inquiry>();
  readonly #answers = new Map<string, { id: string; answer: A }>();
  readonly #turns: Turns;
  readonly #turnsOfNamespace: Turns;

  constructor(options: InquiriesOptions) {
    this.#options = { most: 256, longestPause: 5_000, ...options };
    this.#turns = new Turns(this.#options.most);
    this.#turnsOfNamespace = new Turns(Math.ceil(this.#options.most * shareOfNamespace));
  }

  /** What the agent has answered to the question of that id, if it has. */
  answer(key: string, id: string): A | undefined {
    const answered = this.#answers.get(key);
    return answered?.id === id ? answered.answer : undefined;
  }

  /** Whether something is being asked, or was answered. */
  has(key: string): boolean {
    return this.#open.has(key) || this.#answers.has(key);
  }

  /** Whether the agent has not answered the question of that id for long; it is asked on. */
  isMute(key: string, id: string): boolean {
    const open = this.#open.get(key);
    return open?.id === id && open.tries.failed >= triesUntilMute;
  }

  /** Begins to ask, unless that is under way or answered. */
  ensure(key: string, question: Question<A>): void {
    const { id } = question;
    if (this.#open.get(key)?.id === id || this.#answers.get(key)?.id === id) return;
    this.forget(key);
    const stop = new AbortController();
    const tries = { failed: 0 };
    this.#open.set(key, { id, tries, stop, task: this.#inquire(key, question, tries, stop.signal) });
  }

  /** Stops asking and drops what was answered. */
  forget(key: string): void {
    this.#answers.delete(key);
    this.#open.get(key)?.stop.abort(new Error(`Nobody waits for the agent of ${key} to answer any more`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = [...this.#open];
    for (const [key] of open) this.forget(key);
    await Promise.all(open.map(([, { task }]) => task));
  }

  async #inquire(key: string, question: Question<A>, tries: Tries, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#untilAnswered(key, question, tries, signal);
      // What was forgotten while the link was closed is not wanted any more.
      signal.throwIfAborted();
      this.#answers.set(key, { id: question.id, answer });
      this.#options.report(key);
    } catch (error) {
      if (!signal.aborted) this.#options.log.error({ error, key }, "asking an agent ended");
    } finally {
      if (this.#open.get(key)?.stop.signal === signal) this.#open.delete(key);
    }
  }

  async #untilAnswered(key: string, question: Question<A>, tries: Tries, signal: AbortSignal): Promise<A> {
    const pause = { first: 200, most: this.#options.longestPause };
    for (;;) {
      const since = performance.now();
      try {
        const answer = await this.#inTurn(question, signal);
        if (answer !== undefined) return answer;
        tries.failed = 0;
      } catch (error) {
        signal.throwIfAborted();
        this.#options.log.debug({ error, ...question.target }, "an agent did not answer; its link is opened again");
        if (wasPatient(since)) tries.failed = 0;
        if (++tries.failed === triesUntilMute) this.#options.report(key);
        await sleep(backoff(tries.failed - 1, pause), signal);
      }
    }
  }

  /** By namespace first: a tenant whose agents do not answer leaves turns to the others. */
  #inTurn(question: Question<A>, signal: AbortSignal): Promise<A | undefined> {
    const ask = () => this.#ask(question, signal);
    const inAll = () => this.#turns.take(everybody, ask, signal);
    return this.#turnsOfNamespace.take(question.target.namespace, inAll, signal);
  }

  async #ask({ target, ask }: Question<A>, signal: AbortSignal): Promise<A | undefined> {
    const crowded = () => this.#turns.isCrowded(everybody) || this.#turnsOfNamespace.isCrowded(target.namespace);
    await using link = await this.#options.open(target, signal);
    return await ask(agentClient(link), crowded, signal);
  }
}

/** Whether a request has been held for `patientSeconds`; timers of two machines differ a little. */
export function wasPatient(since: number): boolean {
  return performance.now() - since >= patientSeconds * 900;
}
