import { type Answer, encode, RECURSION_AVAILABLE, RECURSION_DESIRED, type RecordType } from "dns-packet";
import type { Question } from "./question.ts";

/** Where sandboxes reach the proxy; at least one of both. */
export interface ProxyAddresses {
  v4?: string;
  v6?: string;
}

/** Seconds that a client may remember an answer: after that a changed rule holds for names, too. */
const ttl = 2;

const codes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;

type Asked = Extract<Question, { kind: "question" }>;

/** That the name is the proxy's. It has no other records: no MX, and no HTTPS that would announce HTTP/3 or encrypted hellos. */
export function proxyReply(question: Asked, { v4, v6 }: ProxyAddresses): Buffer {
  const name = question.asked;
  const answers: Answer[] = [];
  if (v4 !== undefined && question.type === "A") answers.push({ type: "A", name, ttl, data: v4 });
  if (v6 !== undefined && question.type === "AAAA") answers.push({ type: "AAAA", name, ttl, data: v6 });
  return reply(question, "NOERROR", answers);
}

/** That there is no such name. */
export function missingReply(question: Asked): Buffer {
  return reply(question, "NXDOMAIN", []);
}

/** That there is no answer, for a reason that has nothing to do with the name. */
export function failureReply(question: Asked, code: "REFUSED" | "SERVFAIL"): Buffer {
  return reply(question, code, []);
}

/** An answer to what could not be read as a question. */
export function wrongReply({ id, code }: Extract<Question, { kind: "wrong" }>): Buffer {
  return encode({ type: "response", id, flags: codes[code] });
}

/** Without an SOA record resolvers forget a negative answer at once. */
function reply({ id, flags, asked, type }: Asked, code: keyof typeof codes, answers: Answer[]): Buffer {
  return encode({
    type: "response",
    id,
    flags: (flags & RECURSION_DESIRED) | RECURSION_AVAILABLE | codes[code],
    questions: [{ name: asked, type: type as RecordType }],
    answers,
  });
}
