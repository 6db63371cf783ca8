import type { Client, Clients } from "../client.ts";
import type { Decisions } from "../decisions/decisions.ts";
import { allowsName } from "../rule/access.ts";
import { forward, type Protocol, type Upstream } from "./forward.ts";
import { type Question, readQuestion } from "./question.ts";
import { failureReply, missingReply, type ProxyAddresses, proxyReply, wrongReply } from "./reply.ts";

export interface ResolverOptions {
  clients: Clients;
  decisions: Decisions;
  /** Where names resolve to that may be reached. */
  proxy: ProxyAddresses;
  /** Who resolves for sandboxes that may resolve everything. */
  upstreams: readonly Upstream[];
}

type Asked = Extract<Question, { kind: "question" }>;

/** Queries under way for one sandbox, and for all. */
const mostOfOne = 64;
const mostOfAll = 4096;

/** Answers DNS queries of sandboxes, each by its own rule. */
export class Resolver {
  readonly #options: ResolverOptions;
  readonly #underWay = new Map<string, number>();
  #allUnderWay = 0;

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  /** The answer to a query that came from this address; `undefined`: none. */
  async answer(query: Buffer, source: string, protocol: Protocol): Promise<Buffer | undefined> {
    const question = readQuestion(query);
    if (question.kind === "drop") return undefined;
    if (question.kind === "wrong") return wrongReply(question);
    const underWay = this.#underWay.get(source) ?? 0;
    if (underWay >= mostOfOne || this.#allUnderWay >= mostOfAll) return failureReply(question, "SERVFAIL");
    this.#count(source, 1);
    try {
      const client = await this.#options.clients.at(source);
      return client === undefined
        ? failureReply(question, "REFUSED")
        : await this.#answerTo(client, question, query, protocol);
    } catch {
      return failureReply(question, "SERVFAIL");
    } finally {
      this.#count(source, -1);
    }
  }

  async #answerTo(client: Client, question: Asked, query: Buffer, protocol: Protocol): Promise<Buffer> {
    const { decisions, proxy, upstreams } = this.#options;
    const { access } = client;
    if (access.kind === "none") return failureReply(question, "REFUSED");
    if (access.kind === "proxied") {
      if (allowsName(access, question.name)) return proxyReply(question, proxy);
      decisions.add(client, { verdict: "Denied", protocol: "DNS", host: question.name, reason: "NotAllowed" });
      return missingReply(question);
    }
    return forward(query, protocol, upstreams);
  }

  #count(source: string, change: 1 | -1): void {
    const left = (this.#underWay.get(source) ?? 0) + change;
    if (left === 0) this.#underWay.delete(source);
    else this.#underWay.set(source, left);
    this.#allUnderWay += change;
  }
}
