import { randomBytes } from "node:crypto";
import { GatewayClient } from "../support/gateway-client.ts";
import { makeGvisorClass } from "../support/gvisor.ts";
import { installInto } from "../support/installed.ts";
import { newUser } from "../support/user.ts";
import { soak } from "./soak.ts";

const [cluster = "", minutes = "", seed = randomBytes(4).toString("hex")] = process.argv.slice(2);
const seconds = Number(minutes) * 60;

const installed = await installInto(cluster);
await makeGvisorClass(installed);
const namespace = "soak";
const token = await newUser(installed, namespace, "edit", seconds + 3600);
await using gateway = new GatewayClient(installed, namespace, token);

console.error(`soak: ${minutes} minutes with seed ${seed}`);
const report = await soak(installed, gateway, {
  seconds,
  seed,
  onFailure: (failure) => console.error(`FAILED ${failure}`),
});
console.log(JSON.stringify(report, undefined, 2));
process.exitCode = report.failures.length === 0 ? 0 : 1;
