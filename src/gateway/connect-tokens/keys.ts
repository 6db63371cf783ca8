import { randomBytes } from "node:crypto";

/** A key that signs and checks connect tokens. */
export interface SigningKey {
  id: string;
  /** Seconds since 1970. */
  createdAt: number;
  secret: Uint8Array;
}

/** A key signs for this long, then a new one does. Far longer than a token lives. */
const signingSeconds = 30 * 86_400;

const entryName = /^key-([0-9]{1,10})-[0-9a-f]{8}$/;

/** The keys in the data of a Secret, oldest first; what else is in there is left out. */
export function keysIn(data: Readonly<Record<string, string>> = {}): SigningKey[] {
  const keys = Object.entries(data).flatMap(([id, value]) => {
    const createdAt = entryName.exec(id)?.[1];
    const secret = Buffer.from(value, "base64");
    return createdAt === undefined || secret.length < 32 ? [] : [{ id, createdAt: Number(createdAt), secret }];
  });
  return keys.sort((one, other) => one.createdAt - other.createdAt || (one.id < other.id ? -1 : 1));
}

/** The data of a Secret that holds these keys. */
export function dataOf(keys: readonly SigningKey[]): Record<string, string> {
  return Object.fromEntries(keys.map(({ id, secret }) => [id, Buffer.from(secret).toString("base64")]));
}

/**
 * The keys from now on, when it is time for another one to sign: with a new one, and the one that has signed until now. The
 * tokens of those before have expired long since. `undefined` when the newest may sign on. `now` is in seconds since 1970.
 */
export function renewed(keys: readonly SigningKey[], now: number): SigningKey[] | undefined {
  const newest = keys.at(-1);
  if (newest !== undefined && newest.createdAt + signingSeconds > now) return undefined;
  return [...keys.slice(-1), newKey(now)];
}

function newKey(now: number): SigningKey {
  return { id: `key-${now}-${randomBytes(4).toString("hex")}`, createdAt: now, secret: randomBytes(32) };
}
