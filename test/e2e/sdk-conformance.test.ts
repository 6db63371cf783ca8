import { afterAll } from "vitest";
import { tryAll } from "../conformance/table.ts";
import { clientOf } from "./sdk.ts";
import { newTenant, type Tenant } from "./tenant.ts";

let tenant: Tenant;
afterAll(() => tenant[Symbol.asyncDispose]());

tryAll(async () => {
  tenant = await newTenant();
  return clientOf(tenant);
});
