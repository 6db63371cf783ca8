import { describe, expect, test } from "vitest";
import { parseObject } from "../../../src/api/parse.ts";
import { SANDBOX } from "../../../src/api/sandbox.ts";

const stored = (spec: object): object => ({
  apiVersion: "sandkeep.dev/v1alpha1",
  kind: "Sandbox",
  metadata: { name: "a", namespace: "b", managedFields: [] },
  spec,
});

describe("parseObject", () => {
  test("fills in defaults", () => {
    expect(parseObject(SANDBOX, stored({}))).toMatchObject({
      ok: true,
      object: {
        spec: { app: "default", timeoutSeconds: 300, terminationGracePeriodSeconds: 0, desiredState: "Running" },
      },
    });
  });

  test("leaves out members that a newer version wrote, at any depth", () => {
    const newer = stored({
      colour: "red",
      network: { block: true, colour: "red" },
      tunnels: [],
      volumes: [{ name: "a", mountPath: "/a", emptyDir: { colour: "red" } }],
    });
    expect(parseObject(SANDBOX, newer)).toMatchObject({
      ok: true,
      object: { spec: { network: { block: true }, volumes: [{ name: "a", mountPath: "/a", emptyDir: {} }] } },
    });
    expect(JSON.stringify(parseObject(SANDBOX, newer))).not.toContain("colour");
  });

  test("says what is wrong and where, without what is merely unknown", () => {
    expect(parseObject(SANDBOX, stored({ colour: "red", tunnels: [{ port: 0 }] }))).toEqual({
      ok: false,
      errors: ["spec.tunnels[0].port: Too small: a port is 1 to 65535, got 0"],
    });
  });

  test("refuses what is no object", () => {
    expect(parseObject(SANDBOX, null).ok).toBe(false);
    expect(parseObject(SANDBOX, "sandbox").ok).toBe(false);
  });

  test("turns amounts given as numbers into text", () => {
    expect(parseObject(SANDBOX, stored({ resources: { limits: { cpu: 2 } } }))).toMatchObject({
      object: { spec: { resources: { limits: { cpu: "2" } } } },
    });
  });
});
