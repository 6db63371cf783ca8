import { describe, expect, it } from "vitest";
import { ANNOTATIONS } from "../../../../src/api/constants.ts";
import {
  annotationOf,
  isRevoked,
  MAX_REVOKED,
  revocationsOf,
  withAllRevoked,
  withRevoked,
} from "../../../../src/gateway/connect-tokens/revocations.ts";
import { newTokenId } from "../../../../src/gateway/connect-tokens/token.ts";
import { aSandbox } from "../a-sandbox.ts";

const now = 1_800_000_000;
const [gone, kept, other] = [newTokenId(now), newTokenId(now + 1), newTokenId(now + 60)];
const none = { round: "", ids: [] };
const noted = (text: string) => aSandbox({ annotations: { [ANNOTATIONS.revokedConnectTokens]: text } });

describe("revoked connect tokens", () => {
  it("are noted at the sandbox", () => {
    expect(revocationsOf(aSandbox())).toEqual(none);
    const revocations = { round: "r", ids: [kept] };
    expect(revocationsOf(aSandbox({ annotations: annotationOf(revocations) }))).toEqual(revocations);
  });

  it.each(["", "{", "[]", "{}", '{"round":1,"ids":[]}', '{"round":"","ids":["x"]}'])(
    "hold all of them when the note is %j",
    (text) => {
      expect(revocationsOf(noted(text))).toBeUndefined();
      expect(isRevoked(noted(text), { id: kept, round: "" })).toBe(true);
    },
  );

  it("are those of the list, and those of other rounds", () => {
    const sandbox = aSandbox({ annotations: annotationOf({ round: "r", ids: [kept] }) });
    expect(isRevoked(sandbox, { id: kept, round: "r" })).toBe(true);
    expect(isRevoked(sandbox, { id: other, round: "r" })).toBe(false);
    expect(isRevoked(sandbox, { id: other, round: "" })).toBe(true);
    expect(isRevoked(aSandbox(), { id: other, round: "" })).toBe(false);
  });

  it("leave the list when they have expired, and are on it once", () => {
    expect(withRevoked({ round: "", ids: [gone, kept] }, other, now)).toEqual({ round: "", ids: [kept, other] });
    expect(withRevoked({ round: "", ids: [kept] }, kept, now)).toEqual({ round: "", ids: [kept] });
    expect(withRevoked(none, gone, now)).toEqual(none);
  });

  it("are not without bound one by one, and all can be at once", () => {
    const full = { round: "r", ids: Array.from({ length: MAX_REVOKED }, () => newTokenId(now + 60)) };
    expect(withRevoked(full, other, now)).toBeUndefined();
    expect(withRevoked(full, full.ids[0] ?? "", now)).toEqual(full);
    expect(withAllRevoked()).toEqual({ round: expect.stringMatching(/^.{8}$/), ids: [] });
    expect(withAllRevoked().round).not.toBe(withAllRevoked().round);
  });
});
