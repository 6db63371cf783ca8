import { expect, test } from "vitest";
import { startTeller } from "../../../src/gateway/processes/tell.ts";
import type { PlannedEvent } from "../../../src/runtime/plan.ts";
import { aSandbox } from "./a-sandbox.ts";

const name = { namespace: "ns", name: "a" };

function tellerFor(verbose: boolean | undefined): { tell: (command: string[]) => void; events: PlannedEvent[] } {
  const events: PlannedEvent[] = [];
  const sandbox = aSandbox(verbose === undefined ? {} : { spec: { verbose } });
  const teller = startTeller({ known: () => sandbox }, { record: (_, __, event) => void events.push(event) });
  return { tell: (command) => teller(name, command), events };
}

test("a process of a verbose sandbox is told by its program alone", () => {
  const { tell, events } = tellerFor(true);
  tell(["curl\n", "-H", "Authorization: secret"]);
  expect(events).toEqual([{ type: "Normal", reason: "ProcessStarted", message: String.raw`Started "curl\n".` }]);
});

test.each([false, undefined])("one of a sandbox whose verbose is %s is not", (verbose) => {
  const { tell, events } = tellerFor(verbose);
  tell(["true"]);
  expect(events).toEqual([]);
});

test("of a thousand at once twenty are told", () => {
  const { tell, events } = tellerFor(true);
  for (let index = 0; index < 1000; index++) tell([`program-${index}`]);
  expect(events).toHaveLength(20);
});
