import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SandboxSpecInput } from "../../../src/api/sandbox.ts";
import { operatorWorld, type OperatorWorld, small } from "./world.ts";

let world: OperatorWorld;
beforeAll(async () => {
  world = await operatorWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const runtimes = [
  { runtime: "runc", classSpec: {} },
  { runtime: "gVisor", classSpec: { runtimeClassName: "gvisor" } },
];
const deliveries = [
  { delivery: "an image volume", agentDelivery: "Always" },
  { delivery: "an init container", agentDelivery: "Never" },
];
const rows = runtimes.flatMap((runtime) => deliveries.map((delivery) => ({ ...runtime, ...delivery })));

describe.each(rows)("under $runtime, with the agent from $delivery", ({ runtime, classSpec, agentDelivery }) => {
  let className: string;
  beforeAll(async () => {
    className = await world.createClass({ ...classSpec, agentDelivery });
  });
  const id = (image: string): string => `${image}-${runtime}-${agentDelivery}`.toLowerCase();
  const run = async (name: string, spec: SandboxSpecInput): Promise<object | undefined> => {
    await world.create(name, { ...small, className, ...spec });
    return (await world.reaches(name, "Finished")).status;
  };

  test("an image with a shell runs and tells its exit code", async () => {
    expect(await run(id("shell"), { command: ["sh", "-c", "exit 7"] })).toMatchObject({ reason: "Error", exitCode: 7 });
  });

  test("an image of a single static program runs", async () => {
    const command = ["/agent", "version"];
    expect(await run(id("static"), { image: world.agentImage, command })).toMatchObject({
      reason: "Completed",
      exitCode: 0,
    });
  });
});
