import { promises as dns } from "node:dns";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { request } from "undici";
import { type DecisionList, decisionsSchema } from "../../api/decision.ts";

/** How the replicas of the egress part are reached. */
export interface EgressReplicas {
  /** A name whose addresses are theirs. */
  host: string;
  port: number;
  /** A file with a token for them, which is renewed. */
  tokenFile: string;
}

/** What each replica knows of a sandbox. Throws when none answers. */
export type AskDecisions = (uid: string, signal: AbortSignal) => Promise<DecisionList[]>;

/** Milliseconds within which a replica has to answer; one that is just going may not. */
const patience = 3_000;

/** Asks the replicas that there are now. */
export function decisionsAsker({ host, port, tokenFile }: EgressReplicas): AskDecisions {
  return async (uid, signal) => {
    const token = (await readFile(tokenFile, "utf8")).trim();
    const replicas = await dns.lookup(host, { all: true });
    const within = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    const answers = await Promise.allSettled(
      replicas.map(async ({ address }) => {
        const origin = `http://${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
        const reply = await request(`${origin}/decisions/${uid}`, {
          headers: { authorization: `Bearer ${token}` },
          signal: within,
        });
        const body = await reply.body.json();
        if (reply.statusCode !== 200) throw new Error(`${origin} answers ${reply.statusCode}`);
        return decisionsSchema.parse(body);
      }),
    );
    const told = answers.filter((answer) => answer.status === "fulfilled").map(({ value }) => value);
    const failed = answers.find((answer) => answer.status === "rejected");
    if (told.length === 0 && failed !== undefined) throw failed.reason;
    return told;
  };
}
