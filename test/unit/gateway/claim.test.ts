import { describe, expect, it } from "vitest";
import { claimFor, isVolume, volumeView } from "../../../src/gateway/volumes/claim.ts";

const name = { namespace: "ns", name: "data" };

describe("the claim of a volume", () => {
  it.each<[what: string, volumes: Parameters<typeof claimFor>[1], spec: object]>([
    ["no class", undefined, { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } }],
    ["a class that says nothing", {}, { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } }],
    [
      "a class that says all",
      { storageClassName: "shared", size: "1Ti", accessModes: ["ReadWriteMany", "ReadOnlyMany"] },
      {
        storageClassName: "shared",
        accessModes: ["ReadWriteMany", "ReadOnlyMany"],
        resources: { requests: { storage: "1Ti" } },
      },
    ],
  ])("of %s", (_, volumes, spec) => {
    const claim = claimFor(name, volumes);
    expect(claim.spec).toEqual(spec);
    expect(claim.metadata).toMatchObject(name);
    expect(isVolume(claim)).toBe(true);
  });
});

describe("a claim is shown", () => {
  const claim = claimFor(name, { storageClassName: "shared" });

  it("as it was asked for, until it has storage", () => {
    expect(volumeView(claim)).toMatchObject({ phase: "Pending", storageClassName: "shared", size: "10Gi" });
  });

  it("with what it has", () => {
    const bound = { ...claim, status: { phase: "Bound", capacity: { storage: "16Gi" } } };
    expect(volumeView(bound)).toMatchObject({ phase: "Bound", size: "16Gi", accessModes: ["ReadWriteOnce"] });
  });

  it("as no volume of ours if it has not our label", () => {
    expect(isVolume({ ...claim, metadata: { name: "data" } })).toBe(false);
    expect(isVolume({ ...claim, metadata: { name: "data", labels: { "app.kubernetes.io/managed-by": "Helm" } } })).toBe(
      false,
    );
  });
});
