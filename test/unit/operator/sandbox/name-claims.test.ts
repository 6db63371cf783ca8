import { describe, expect, test } from "vitest";
import type { Sandbox, SandboxStatus } from "../../../../src/api/sandbox.ts";
import { NameClaims } from "../../../../src/operator/sandbox/name-claims.ts";
import { nameKeyOf, type SandboxIndex } from "../../../../src/operator/world.ts";
import { WritableStore } from "../../../../src/runtime/store.ts";
import { ago, aSandbox } from "../builders.ts";

function named(id: string, parts: { created?: string; status?: SandboxStatus; app?: string } = {}): Sandbox {
  const { created = ago(5), status, app = "a" } = parts;
  const sandbox = aSandbox({ name: "web", app }, status, created);
  return {
    ...sandbox,
    metadata: { ...sandbox.metadata, name: id, uid: `uid-${id}`, resourceVersion: status ? "2" : "1" },
  };
}

function claimsOver(...sandboxes: Sandbox[]): { claims: NameClaims; store: WritableStore<Sandbox, SandboxIndex> } {
  const store = new WritableStore<Sandbox, SandboxIndex>({ name: (sandbox) => [nameKeyOf(sandbox)] });
  store.replaceAll(sandboxes);
  return { claims: new NameClaims(store), store };
}

const finished: SandboxStatus = { phase: "Finished" };

describe("NameClaims", () => {
  test("the older of two has the name, whichever is looked at first", () => {
    const [older, younger] = [named("x", { created: ago(9) }), named("y")];
    const { claims } = claimsOver(older, younger);
    expect(claims.claim(younger)?.metadata.name).toBe("x");
    expect(claims.claim(older)).toBeUndefined();
  });

  test("who runs already has the name, even if the other says it is older", () => {
    const [running, other] = [
      named("x", { status: { phase: "Started", podName: "x" } }),
      named("y", { created: ago(60) }),
    ];
    const { claims } = claimsOver(running, other);
    expect(claims.claim(other)?.metadata.name).toBe("x");
  });

  test("a claim stays with who made it, even if an older one appears in the store", () => {
    const first = named("x");
    const { claims, store } = claimsOver(first);
    expect(claims.claim(first)).toBeUndefined();
    const late = named("y", { created: ago(60) });
    store.set(late);
    expect(claims.claim(late)?.metadata.name).toBe("x");
    expect(claims.claim(first)).toBeUndefined();
  });

  test("the name is free once its holder has finished or is gone", () => {
    const [holder, next] = [named("x"), named("y")];
    const { claims, store } = claimsOver(holder, next);
    expect(claims.claim(holder)).toBeUndefined();
    store.replaceAll([named("x", { status: finished }), next]);
    expect(claims.claim(next)).toBeUndefined();
  });

  test("names are per app", () => {
    const [one, two] = [named("x"), named("y", { app: "b" })];
    const { claims } = claimsOver(one, two);
    expect([claims.claim(one), claims.claim(two)]).toEqual([undefined, undefined]);
  });
});
