import { describe, expect, it } from "vitest";
import { BodyParser, maxPartOctets } from "../../../../src/agent-link/bulk/body-parser.ts";
import { LinkError } from "../../../../src/agent-link/link-error.ts";
import { number, parts, trailer } from "./parts.ts";

const body = Buffer.from("a body of two parts");
const stream = parts(body, 10);

function parse(octets: Buffer, chunk = octets.length): { body: Buffer; over: boolean } {
  const parser = new BodyParser();
  const pieces: Buffer[] = [];
  for (let at = 0; at < octets.length; at += chunk) pieces.push(...parser.take(octets.subarray(at, at + chunk)));
  return { body: Buffer.concat(pieces), over: parser.over };
}

describe("a body in parts", () => {
  it.each([1, 2, 3, 5, 7, 11, 100])("is read whole from chunks of %d octets", (chunk) => {
    expect(parse(stream, chunk)).toEqual({ body, over: true });
  });

  it("may be empty", () => {
    expect(parse(parts(Buffer.alloc(0)))).toEqual({ body: Buffer.alloc(0), over: true });
  });

  it("is never over when it is cut, wherever that is", () => {
    for (let length = 0; length < stream.length; length++)
      expect(parse(stream.subarray(0, length)).over, `cut after ${length}`).toBe(false);
  });

  it("is never taken for whole when an octet of it has changed", () => {
    for (let at = 0; at < stream.length; at++) {
      const changed = Buffer.from(stream);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      const over = (() => {
        try {
          return parse(changed).over;
        } catch (error) {
          expect(error).toBeInstanceOf(LinkError);
          return false;
        }
      })();
      expect(over, `changed at ${at}`).toBe(false);
    }
  });

  it.each([
    ["a part that is too long", number(maxPartOctets + 1), "it may have at most 1048576"],
    ["another length in the end", Buffer.concat([number(0), trailer(1, 0)]), "0 octets arrived, but the agent sent 1"],
    ["a length that is no number", Buffer.concat([number(0), Buffer.alloc(12, 255)]), "sent 18446744073709551615"],
    ["another sum in the end", Buffer.concat([number(0), trailer(0, 7)]), "their CRC-32 differs"],
    ["what follows the end", Buffer.concat([stream, Buffer.alloc(1)]), "more than the body"],
  ])("is refused for %s", (_, octets, message) => {
    expect(() => parse(octets)).toThrow(message);
  });
});
