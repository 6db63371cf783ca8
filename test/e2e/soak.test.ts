import { expect, inject, test } from "vitest";
import { operations } from "../soak/operations.ts";
import { soak } from "../soak/soak.ts";
import { newTenant } from "./tenant.ts";

test("no octet and no exit code is lost while links and streams are cut and a gateway is killed", async () => {
  await using tenant = await newTenant();
  const report = await soak(inject("installed"), tenant.gateway, { seconds: 45, seed: "hack/test" });
  expect(report.failures).toEqual([]);
  expect(report.struck["links cut"]).toBeGreaterThan(5);
  expect(report.struck["gateways killed"]).toBeGreaterThan(0);
  expect(Object.keys(report.done).sort()).toEqual(Object.keys(operations).sort());
});
