import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sandbox, SandkeepClient } from "sandkeep";
import { failure, type Case, type Place } from "./case.ts";
import { exec } from "./exec.ts";
import { files } from "./files.ts";
import { lifecycle } from "./lifecycle.ts";

const table: Case[] = [...lifecycle, ...exec, ...files];

/** Tries every case with a client, several at a time. */
export function tryAll(connect: () => Promise<SandkeepClient>): void {
  let shared: Omit<Place, "create" | "unique">;

  beforeAll(async () => {
    const client = await connect();
    const app = await client.apps.fromName("conformance", { createIfMissing: true });
    const image = client.images.fromRegistry("busybox:stable");
    const small = { cpu: 0.01, memoryMiB: 16 };
    const work = await client.sandboxes.create(app, image, { ...small, env: { OF_SANDBOX: "yes" } });
    shared = { client, app, image, work };
  });

  afterAll(() => shared.work.terminate());

  test.concurrent.each(table.map((each, index) => ({ ...each, unique: `case-${index}` })))(
    "$name",
    async ({ run, want, unique }) => {
      const made: Sandbox[] = [];
      const create: Place["create"] = async (params) => {
        const { client, app, image } = shared;
        const sandbox = await client.sandboxes.create(app, image, { cpu: 0.01, memoryMiB: 16, ...params });
        made.push(sandbox);
        return sandbox;
      };
      try {
        expect(await run({ ...shared, create, unique })).toEqual(want);
      } finally {
        // Some cases delete or detach theirs.
        for (const { sandboxId } of made)
          await failure(async () => (await shared.client.sandboxes.fromId(sandboxId)).terminate());
      }
    },
  );
}
