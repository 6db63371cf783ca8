import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, it } from "vitest";
import type { AgentRequest } from "../../../src/gateway/agent/send.ts";
import { mountedVolumeHandlers } from "../../../src/gateway/volumes/mounted.ts";

it("gives the agent the time that the client gives it", async () => {
  const asked: [path: string, more: Partial<AgentRequest> | undefined][] = [];
  const { reloadVolumes } = mountedVolumeHandlers({
    forward: async (_, path, more) => void asked.push([path, more]),
  });
  await reloadVolumes({
    route: "reloadVolumes",
    params: { namespace: "ns", id: "a" },
    query: { startTimeoutSeconds: 60, timeoutSeconds: 55 },
    body: undefined,
    user: { username: "alice" },
    signal: new AbortController().signal,
    request: {} as Partial<IncomingMessage> as IncomingMessage,
    response: {} as Partial<ServerResponse> as ServerResponse,
    facts: {},
  });
  expect(asked).toEqual([["/volumes/reload?timeoutSeconds=55", { waitMilliseconds: 55_000 }]]);
});
