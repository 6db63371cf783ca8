import { decode } from "dns-packet";
import { hostName } from "../rule/host-name.ts";

/** What a DNS message asks for, what has to be answered to it instead, or that it is not to be answered at all. */
export type Question =
  | { kind: "question"; id: number; flags: number; asked: string; name: string; type: string }
  | { kind: "wrong"; id: number; code: "FORMERR" | "NOTIMP" | "REFUSED" }
  | { kind: "drop" };

/** Octets of the longest query that is looked at. */
export const MOST_QUERY_OCTETS = 4096;

const headerOctets = 12;

/** The one question of a query (RFC 1035, section 4.1), its name as rules compare it. */
export function readQuestion(message: Buffer): Question {
  // An answer to an answer could go on for ever.
  if (message.length < headerOctets || (message.readUInt16BE(2) & 0x8000) !== 0) return { kind: "drop" };
  const id = message.readUInt16BE(0);
  const flags = message.readUInt16BE(2);
  const wrong = (code: "FORMERR" | "NOTIMP" | "REFUSED"): Question => ({ kind: "wrong", id, code });
  if ((flags & 0x7800) !== 0) return wrong("NOTIMP");
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  if (questions !== 1 || answers !== 0 || authorities !== 0 || (additionals ?? 0) > 2) return wrong("FORMERR");
  if (message.length > MOST_QUERY_OCTETS) return wrong("FORMERR");
  let question;
  try {
    question = decode(message).questions?.[0];
  } catch {
    return wrong("FORMERR");
  }
  if (question === undefined) return wrong("FORMERR");
  const name = hostName(question.name);
  if (name === undefined || question.class !== "IN") return wrong("REFUSED");
  return { kind: "question", id, flags, asked: question.name, name, type: question.type };
}
