import { randomBytes } from "node:crypto";
import { Duplex, Readable } from "node:stream";
import { expect, it } from "vitest";
import { BodyParser } from "../../../../src/agent-link/bulk/body-parser.ts";
import { sendBody } from "../../../../src/agent-link/bulk/send.ts";

it("frees the memory of chunks that the stream has taken, and of no others", async () => {
  const body = randomBytes(2_500_000);
  const alone = [0, 1].map((i) =>
    Buffer.from(new Uint8Array(body.subarray(i * 1_200_000, (i + 1) * 1_200_000)).buffer),
  );
  const parser = new BodyParser();
  const got: Buffer[] = [];
  const stream = new Duplex({
    read: () => {},
    write: (octets: Buffer, _, done) => {
      got.push(...parser.take(Buffer.from(octets)));
      setImmediate(done);
    },
  });
  await sendBody(Readable.from([...alone, body.subarray(2_400_000)]), stream);
  expect(Buffer.concat(got).equals(body)).toBe(true);
  expect(parser.over).toBe(true);
  expect(alone.map(({ length }) => length)).toEqual([0, 0]);
  expect(body.length).toBe(2_500_000);
});
