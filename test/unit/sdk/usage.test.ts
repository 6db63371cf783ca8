import { expect, test } from "vitest";
import { Gateway } from "../../../src/sdk/http/gateway.ts";
import type { Transport } from "../../../src/sdk/http/transport.ts";
import { usageOf } from "../../../src/sdk/sandbox/usage.ts";

/** A gateway that answers everything with this. */
function answering(value: unknown): Gateway {
  const transport: Transport = {
    request: async () => ({
      status: 200,
      header: () => undefined,
      body: (async function* () {
        yield new TextEncoder().encode(JSON.stringify(value));
      })(),
      cancel: () => {},
    }),
    close: () => {},
  };
  return new Gateway(async () => ({ transport, namespace: "n" }), 0);
}

const nothing = { cpu: {}, memory: {}, disk: {}, processes: {} };
const measuredAt = "2026-11-21T09:00:01.000000Z";

test.each([
  [
    { measuredAt, cpu: { usedSeconds: 1, limitCores: null } },
    { ...nothing, cpu: { usedSeconds: 1, limitCores: null } },
  ],
  [
    { measuredAt, memory: "much", disk: null, cpu: [1] },
    { ...nothing, cpu: { 0: 1 } },
  ],
  [
    { measuredAt, processes: { running: "\u001b[2J", threads: 3 } },
    { ...nothing, processes: { threads: 3 } },
  ],
])("of what a sandbox says that it uses, figures alone are passed on: %j", async (said, usage) => {
  expect(await usageOf(answering(said), "/sandboxes/s")).toEqual({ measuredAt, ...usage });
});
