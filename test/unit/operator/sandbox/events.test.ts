import { describe, expect, test } from "vitest";
import type { SandboxSpecInput, SandboxStatus } from "../../../../src/api/sandbox.ts";
import type { FoundImage } from "../../../../src/operator/sandbox/entrypoint.ts";
import { sandboxEvents } from "../../../../src/operator/sandbox/events.ts";
import { podFor } from "../../../../src/operator/sandbox/pod.ts";
import { aClass, ago, aSandbox, facts } from "../builders.ts";

const scheduled: SandboxStatus = { phase: "Scheduled", scheduledAt: ago(2) };
const started: SandboxStatus = { ...scheduled, phase: "Started", startedAt: ago(1) };
const tini: FoundImage = { kind: "found", digest: "sha256:00", entrypoint: ["/usr/bin/tini", "--"] };
const none: FoundImage = { ...tini, entrypoint: [] };

describe("that its command was started is told of a verbose sandbox", () => {
  test.each<[what: string, spec: SandboxSpecInput, found: FoundImage | undefined, says: string | undefined]>([
    ["with a command", { command: ["sleep", "1000"], args: ["-x"] }, undefined, 'Started "sleep".'],
    ["with args alone", { args: ["python3", "-c", "secret"] }, none, 'Started "python3".'],
    ["with args behind an ENTRYPOINT", { args: ["python3", "-c", "secret"] }, tini, 'Started "/usr/bin/tini".'],
    ["in its own words", { command: ["$$(odd)"] }, undefined, 'Started "$(odd)".'],
    ["but not where none runs", {}, undefined, undefined],
    ["but not of one that is not verbose", { command: ["sleep"], verbose: false }, undefined, undefined],
  ])("%s", (_, spec, found, says) => {
    const sandbox = aSandbox({ verbose: true, ...spec }, scheduled);
    const inputs = { sandboxClass: aClass().spec, probe: undefined, found, facts, agentImage: "agent:1", network: "x" };
    const pod = podFor(sandbox, { ...inputs, appLabels: {} });
    const told = sandboxEvents({ sandbox, pod }, started).filter(({ reason }) => reason === "ProcessStarted");
    expect(told.map(({ message }) => message)).toEqual(says === undefined ? [] : [says]);
  });
});
