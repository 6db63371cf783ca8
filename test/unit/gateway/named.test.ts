import { expect, it } from "vitest";
import type { SandboxSpecInput, SandboxStatus } from "../../../src/api/sandbox.ts";
import { contendersFor } from "../../../src/gateway/sandboxes/named.ts";
import { aSandbox } from "./a-sandbox.ts";

const early = "2026-01-01T00:00:00Z";
const late = "2026-01-01T00:00:01Z";
const up: SandboxStatus = { phase: "Started", podName: "p" };
const over: SandboxStatus = { phase: "Finished", podName: "p", reason: "Completed" };

type Row = [id: string, spec: SandboxSpecInput, status?: SandboxStatus | undefined, createdAt?: string];

it.each<[what: string, sandboxes: Row[], found: string | undefined]>([
  ["none", [], undefined],
  ["one without a name", [["x", { app: "a" }, up]], undefined],
  ["one of another name", [["x", { app: "a", name: "N" }, up]], undefined],
  ["one of another app", [["x", { name: "n" }, up]], undefined],
  ["one that has finished", [["x", { app: "a", name: "n" }, over]], undefined],
  ["one that is on its way", [["x", { app: "a", name: "n" }]], "x"],
  [
    "one that has taken the place of another",
    [
      ["x", { app: "a", name: "n" }, over],
      ["y", { app: "a", name: "n" }, up],
    ],
    "y",
  ],
  [
    "one that runs and an older one that waits",
    [
      ["x", { app: "a", name: "n" }, undefined, early],
      ["y", { app: "a", name: "n" }, up, late],
    ],
    "y",
  ],
  [
    "two that wait",
    [
      ["x", { app: "a", name: "n" }, undefined, late],
      ["y", { app: "a", name: "n" }, undefined, early],
    ],
    "y",
  ],
])("of %s gives first the one that has the name", (_, rows, found) => {
  const sandboxes = rows.map(([name, spec, status, creationTimestamp = early]) =>
    aSandbox({ name, spec, creationTimestamp, ...(status && { status }) }),
  );
  expect(contendersFor(sandboxes, { app: "a", name: "n" })[0]?.metadata.name).toBe(found);
});
