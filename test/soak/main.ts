import { randomBytes } from "node:crypto";
import { GatewayClient } from "../support/gateway-client.ts";
import { makeGvisorClass } from "../support/gvisor.ts";
import { installInto, kubectl } from "../support/installed.ts";
import { soak } from "./soak.ts";

const [cluster = "", minutes = "", seed = randomBytes(4).toString("hex")] = process.argv.slice(2);
const seconds = Number(minutes) * 60;

const installed = await installInto(cluster);
await makeGvisorClass(installed);
const namespace = "soak";
const inNamespace = ["--namespace", namespace];
await kubectl(installed, ["create", "namespace", namespace]);
await kubectl(installed, [...inNamespace, "create", "serviceaccount", "user"]);
await kubectl(installed, [
  ...inNamespace,
  "create",
  "rolebinding",
  "user",
  "--clusterrole=edit",
  `--serviceaccount=${namespace}:user`,
]);
const token = await kubectl(installed, [
  ...inNamespace,
  "create",
  "token",
  "user",
  "--audience=sandkeep",
  `--duration=${seconds + 3600}s`,
]);
await using gateway = new GatewayClient(installed, namespace, token.trim());

console.error(`soak: ${minutes} minutes with seed ${seed}`);
const report = await soak(installed, gateway, {
  seconds,
  seed,
  onFailure: (failure) => console.error(`FAILED ${failure}`),
});
console.log(JSON.stringify(report, undefined, 2));
process.exitCode = report.failures.length === 0 ? 0 : 1;
