import { beforeEach, describe, expect, it } from "vitest";
import { SandkeepError } from "../../../src/api/errors.ts";
import { secretReader } from "../../../src/gateway/processes/secrets.ts";
import { SECRET } from "../../../src/kube/objects.ts";
import { MemoryKube, refused } from "../../support/memory-kube.ts";

const alice = { username: "alice" };
const signal = new AbortController().signal;

let kube: MemoryKube;
beforeEach(() => {
  kube = new MemoryKube();
  put("db", { USER: "app", PASSWORD: "hunter2" });
  put("other", { PASSWORD: "hunter3", "tls.crt": "pem" });
});

function put(name: string, data: Record<string, string | Buffer>): void {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  kube.put(SECRET, { metadata: { namespace: "ns", name }, data: Object.fromEntries(encoded) });
}

async function read(names: string[], mayNot: string[] = []): Promise<Record<string, string>> {
  const authorise = async (_: unknown, { name = "" }: { name?: string }) => {
    if (mayNot.includes(name)) throw new SandkeepError("permission_denied", "secret", "no");
  };
  return await secretReader(kube, authorise)(alice, "ns", names, signal);
}

describe("secretReader", () => {
  it.each<[what: string, names: string[], variables: Record<string, string>]>([
    ["gives all entries, whatever their names", ["other"], { PASSWORD: "hunter3", "tls.crt": "pem" }],
    ["lets later ones win", ["db", "other"], { USER: "app", PASSWORD: "hunter3", "tls.crt": "pem" }],
    [
      "lets later ones win, also the other way",
      ["other", "db"],
      { USER: "app", PASSWORD: "hunter2", "tls.crt": "pem" },
    ],
    ["gives none for none", [], {}],
  ])("%s", async (_, names, variables) => {
    expect(await read(names)).toEqual(variables);
  });

  it("takes an entry's name as it is, also that of a prototype", async () => {
    put("odd", JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, string>);
    expect(Object.entries(await read(["odd"]))).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  it("reads nothing unless the user may read all of it", async () => {
    await expect(read(["db", "other"], ["other"])).rejects.toMatchObject({ code: "permission_denied" });
    expect(kube.calls).toEqual([]);
  });

  it.each<[what: string, data: Record<string, string | Buffer>, code: string, message: RegExp]>([
    ["octets that are no text", { key: Buffer.from([0x68, 0xff]) }, "invalid_argument", /"key" is no UTF-8 text/],
    ["a NUL", { key: "hunter2\0" }, "invalid_argument", /"key" is no UTF-8 text without NUL/],
    ["more than a megabyte", { a: "x".repeat(600_000), b: "x".repeat(600_000) }, "invalid_argument", /over 1 MiB/],
  ])("refuses %s, and shows no value", async (_, data, code, message) => {
    put("bad", data);
    const refusal = { code, resource: "secret", message: expect.stringMatching(message) };
    const error: unknown = await read(["db", "bad"]).catch((refused: unknown) => refused);
    expect(error).toMatchObject(refusal);
    expect(JSON.stringify(error)).not.toContain("hunter2");
  });

  it("says which Secret there is none of", async () => {
    const message = 'Cannot give a process the Secret "ns/none": there is no such Secret';
    await expect(read(["db", "none"])).rejects.toMatchObject({ code: "not_found", resource: "secret", message });
  });

  it("says what to grant where the gateway's own account may not", async () => {
    kube.onCall = () => {
      throw refused(403, "Forbidden", SECRET, { name: "db" });
    };
    const message = expect.stringContaining("gateway.processSecrets");
    await expect(read(["db"])).rejects.toMatchObject({ code: "not_supported", resource: "secret", message });
  });
});
