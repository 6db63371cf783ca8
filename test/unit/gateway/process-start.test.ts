import { expect, it } from "vitest";
import type { Exec } from "../../../src/api/process.ts";
import { agentBody, type AgentStart } from "../../../src/gateway/processes/start.ts";

const base = { id: "p1", command: ["a"] };

it.each<
  [what: string, request: Partial<Exec>, secretEnv: Record<string, string> | undefined, body: Partial<AgentStart>]
>([
  ["nothing but a command", {}, undefined, {}],
  ["variables", { env: { A: "1" } }, undefined, { env: { A: "1" } }],
  ["secret values", { secretValues: { B: "2" } }, undefined, { env: { B: "2" } }],
  [
    "both, of which env wins",
    { env: { A: "1" }, secretValues: { A: "0", B: "2" } },
    undefined,
    { env: { A: "1", B: "2" } },
  ],
  ["Secrets by name and contents", { secrets: ["s"] }, { C: "3" }, { secrets: ["s"], secretEnv: { C: "3" } }],
  ["input", { stdin: "aGk=" }, undefined, { stdin: "aGk=" }],
])("the agent is sent %s", (_, request, secretEnv, body) => {
  expect(agentBody({ ...base, ...request }, secretEnv)).toEqual({ ...base, ...body });
});
