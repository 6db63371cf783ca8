import { describe, expect, it } from "vitest";
import type { SandboxSpecInput, SandboxStatus } from "../../../src/api/sandbox.ts";
import { endedEntrypoint, exitOfEndedEntrypoint } from "../../../src/gateway/processes/ended-entrypoint.ts";
import { aSandbox } from "./a-sandbox.ts";

const startedAt = "2026-01-01T00:00:10.000000Z";
const finishedAt = "2026-01-01T00:00:20.000000Z";
const killed = { code: 137, signal: "SIGKILL" };
const command = ["sh", "-c", "exit 3"];

function ended(status: Partial<SandboxStatus> = {}, spec: SandboxSpecInput = { command }) {
  return aSandbox({
    spec,
    status: { phase: "Finished", startedAt, finishedAt, reason: "Error", exitCode: 3, ...status },
  });
}

describe("the entrypoint of a sandbox that has finished", () => {
  it("is a process that has exited, of which the record tells what it knows", () => {
    expect(endedEntrypoint(ended())).toEqual({
      id: "entrypoint",
      command,
      state: "exited",
      startedAt,
      exitedAt: finishedAt,
      exit: { code: 3, timedOut: false },
    });
  });

  it.each<[what: string, status: Partial<SandboxStatus>, exit: object]>([
    ["exits with the sandbox's code", { exitCode: 0, reason: "Completed" }, { code: 0, timedOut: false }],
    ["is timed out with the sandbox", { exitCode: 124, reason: "Timeout" }, { ...killed, timedOut: true }],
    ["is ended with an idle sandbox", { exitCode: 124, reason: "IdleTimeout" }, { ...killed, timedOut: false }],
    ["has its own 124", { exitCode: 124, reason: "Error" }, { code: 124, timedOut: false }],
    ["is killed with the sandbox", { exitCode: 137, reason: "Terminated" }, { code: 137, timedOut: false }],
  ])("%s", (_, status, exit) => {
    expect(exitOfEndedEntrypoint(ended(status))).toEqual(exit);
  });

  it("has args behind the command, as it was run", () => {
    expect(endedEntrypoint(ended({}, { command: ["echo"], args: ["a"] })).command).toEqual(["echo", "a"]);
  });

  it("is not there where there was no command", () => {
    expect(() => endedEntrypoint(ended({}, {}))).toThrow(
      expect.objectContaining({ code: "not_found", resource: "process" }),
    );
  });

  it("is not there where the sandbox ended before it started, which the error says", () => {
    const never = aSandbox({ spec: { command }, status: { phase: "Finished", reason: "ImageUnavailable" } });
    expect(() => endedEntrypoint(never)).toThrow(
      expect.objectContaining({ code: "failed_precondition", message: expect.stringContaining("ImageUnavailable") }),
    );
  });

  it("has no exit where the record has none", () => {
    const { status, ...lost } = ended({ reason: "NodeLost" });
    const { exitCode: _, ...without } = status ?? {};
    expect(endedEntrypoint({ ...lost, status: without })).not.toHaveProperty("exit");
    expect(() => exitOfEndedEntrypoint({ ...lost, status: without })).toThrow(
      expect.objectContaining({ code: "failed_precondition", message: expect.stringContaining("NodeLost") }),
    );
  });
});
