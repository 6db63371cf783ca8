import { expect, test } from "vitest";
import { describeIssues } from "../../../src/api/parse.ts";
import { createSandboxSchema } from "../../../src/api/sandbox-http.ts";

test.each<[what: string, spec: object, says: string[]]>([
  ["a range", { network: { outbound: { cidrs: ["1.1.1.1/33"] } } }, ["spec.network.outbound.cidrs[0]", '"1.1.1.1/33"']],
  ["an address", { network: { inbound: { cidrs: ["1.1.1.1"] } } }, ["spec.network.inbound.cidrs[0]", '"1.1.1.1"']],
  ["a domain", { network: { outbound: { domains: ["ok.example", "a..b"] } } }, ["domains[1]", '"a..b"']],
  ["a port", { tunnels: [{ port: 65_536 }] }, ["spec.tunnels[0].port", "65536"]],
  ["a port twice", { tunnels: [{ port: 80 }, { port: 80 }] }, ["spec.tunnels[1]", "80"]],
  ["a block with ranges", { network: { block: true, outbound: { cidrs: [] } } }, ["block excludes outbound"]],
  ["a block with tunnels", { network: { block: true }, tunnels: [{ port: 80 }] }, ["network.block excludes tunnels"]],
])("%s that is wrong is refused, and named", (_what, spec, says) => {
  const { error } = createSandboxSchema.safeParse({ spec });
  const message = error === undefined ? "" : describeIssues(error).join("; ");
  for (const part of says) expect(message).toContain(part);
});

test("a value that is far too long is named in part", () => {
  const { error } = createSandboxSchema.safeParse({
    spec: { network: { outbound: { cidrs: ["x".repeat(100_000)] } } },
  });
  expect(error && describeIssues(error).join("; ").length).toBeLessThan(1000);
});
