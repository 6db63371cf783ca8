import { afterAll, beforeAll, expect, test } from "vitest";
import { MAX_COMMAND_LENGTH } from "../../src/api/schema/command.ts";
import { newTenant, small, type Tenant } from "./tenant.ts";

let tenant: Tenant;
let id: string;
beforeAll(async () => {
  tenant = await newTenant();
  ({ id } = await tenant.gateway.create({ spec: { ...small, image: "busybox:stable" } }, "started"));
});
afterAll(() => tenant[Symbol.asyncDispose]());

/** Prints how many octets its last argument has, of which there are as many as the whole command takes. */
function measuring(characters: number, filler = "x"): string[] {
  const program = ["sh", "-c", 'printf %s "$1" | wc -c', "sh"];
  return [...program, filler.repeat(characters - program.join("").length)];
}

test("a command as long as may be reaches its program whole", async () => {
  const command = measuring(MAX_COMMAND_LENGTH);
  const { code, stdout } = await tenant.gateway.exec(id, { command });
  expect({ code, octets: Number(stdout) }).toEqual({ code: 0, octets: command.at(-1)?.length });
});

test.each<[what: string, command: string[], message: RegExp]>([
  ["one character longer", measuring(MAX_COMMAND_LENGTH + 1), /command.*65536 characters/],
  ["of a megabyte", measuring(1_000_000), /command.*65536/],
  ["with an argument that the kernel does not take", measuring(60_000, "𝄞"), /argument/i],
])("a command %s is refused, and starts nothing", async (_what, command, message) => {
  const path = `/sandboxes/${id}/processes`;
  const { json: before } = await tenant.gateway.send("GET", path);
  const answer = await tenant.gateway.send("POST", `/sandboxes/${id}/exec`, { command });
  const json = { code: "invalid_argument", message: expect.stringMatching(message) };
  expect(answer).toMatchObject({ status: 400, json });
  expect((await tenant.gateway.send("GET", path)).json).toEqual(before);
});
