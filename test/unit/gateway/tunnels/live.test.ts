import { expect, it } from "vitest";
import { LiveConnections } from "../../../../src/gateway/tunnels/live.ts";
import { aSandbox } from "../a-sandbox.ts";

const connection = () => ({ client: "203.0.113.1", cut: () => {} });

it("lets sandbox and namespace have their shares, and no more", () => {
  const live = new LiveConnections({ sandbox: 2, namespace: 3 });
  const add = (uid: string, namespace = "ns") => live.add(aSandbox({ uid, namespace }), connection());
  const remove = add("a");
  expect([add("a"), add("a"), add("b"), add("b"), add("c", "other")].map((added) => added !== undefined)).toEqual([
    true,
    false,
    true,
    false,
    true,
  ]);
  remove?.();
  remove?.();
  expect(add("b")).toBeDefined();
  expect(add("c")).toBeUndefined();
});
