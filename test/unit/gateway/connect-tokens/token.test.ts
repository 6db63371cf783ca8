import { SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import type { SigningKey } from "../../../../src/gateway/connect-tokens/keys.ts";
import {
  checkToken,
  isConnectToken,
  newTokenId,
  signToken,
  type ConnectGrant,
} from "../../../../src/gateway/connect-tokens/token.ts";

const key: SigningKey = { id: "key-1-00000000", createdAt: 1, secret: new Uint8Array(32).fill(7) };
const other: SigningKey = { ...key, secret: new Uint8Array(32).fill(8) };
const expiresAt = 1_800_000_000;
const id = newTokenId(expiresAt);
const grant: ConnectGrant = {
  id,
  sandbox: "uid-1",
  port: 8080,
  round: "",
  expiresAt,
  userMetadata: '{"user":"alice"}',
};
const before = new Date((expiresAt - 1) * 1000);

const find = (kid: string) => Promise.resolve(kid === key.id ? key : undefined);
const claims = { jti: id, sub: "uid-1", exp: expiresAt, port: 8080, round: "" };
const header = { alg: "HS256", typ: "sandkeep-connect+jwt", kid: key.id };
const forged = (payload: object, by = key, protectedHeader: object = header): Promise<string> =>
  new SignJWT({ ...payload }).setProtectedHeader({ alg: "HS256", ...protectedHeader }).sign(by.secret);

/** The same token with one member of its payload changed, and the signature that it had. */
async function altered(): Promise<string> {
  const [head, , signature] = (await signToken(grant, key)).split(".");
  const payload = Buffer.from(JSON.stringify({ ...claims, port: 9090 })).toString("base64url");
  return `${head}.${payload}.${signature}`;
}

const table: [string, () => string | Promise<string>, Date, "expired" | "invalid"][] = [
  ["has expired", () => signToken(grant, key), new Date(expiresAt * 1000), "expired"],
  ["was signed with another key", () => signToken(grant, other), before, "invalid"],
  [
    "was signed with a key that nobody knows",
    () => signToken(grant, { ...key, id: "key-2-00000000" }),
    before,
    "invalid",
  ],
  ["names another port than was signed", altered, before, "invalid"],
  ["has no signature", () => new UnsecuredJWT(claims).encode(), before, "invalid"],
  ["is of another kind", () => forged(claims, key, { typ: "JWT", kid: key.id }), before, "invalid"],
  ["names no key", () => forged(claims, key, { typ: header.typ }), before, "invalid"],
  [
    "uses another algorithm",
    () => forged(claims, { ...key, secret: new Uint8Array(64) }, { ...header, alg: "HS512" }),
    before,
    "invalid",
  ],
  ["has no expiry", () => forged({ ...claims, exp: undefined }), before, "invalid"],
  ["has another expiry than its id", () => forged({ ...claims, exp: expiresAt + 1 }), before, "invalid"],
  ["has no port", () => forged({ ...claims, port: 0 }), before, "invalid"],
  ["has no sandbox", () => forged({ ...claims, sub: "" }), before, "invalid"],
  ["is no token", () => "x", before, "invalid"],
  ["is empty", () => "", before, "invalid"],
  ["has no JSON in it", () => "a.b.c", before, "invalid"],
];

describe("a connect token", () => {
  it("gives back what it was made for, until it expires", async () => {
    const token = await signToken(grant, key);
    expect(await checkToken(token, find, before)).toEqual({ ok: true, grant });
    expect(isConnectToken(token)).toBe(true);
  });

  it("need have no metadata", async () => {
    const { userMetadata: _, ...bare } = grant;
    expect(await checkToken(await signToken(bare, key), find, before)).toEqual({ ok: true, grant: bare });
  });

  it.each(table)("does not hold when it %s", async (_, make, now, why) => {
    expect(await checkToken(await make(), find, now)).toEqual({ ok: false, why });
  });

  it("is not refused when its key cannot be had", async () => {
    const checking = checkToken(await signToken(grant, key), () => Promise.reject(new Error("away")), before);
    await expect(checking).rejects.toThrow("away");
  });
});
