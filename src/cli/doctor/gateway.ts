import { App } from "../../sdk/app.ts";
import type { SandkeepClient } from "../../sdk/client.ts";
import { NotSupportedError } from "../../sdk/errors.ts";
import type { ApiServer } from "../../sdk/node/kubernetes/api-server.ts";
import type { Sandbox } from "../../sdk/sandbox/sandbox.ts";
import { failure, messageOf, ok, warning, type Finding } from "./finding.ts";

/** The app of the sandboxes that are made to find something out. */
const app = "sandkeep-doctor";

/** Whether the gateway answers, as whom it should. */
export async function checkGateway(client: SandkeepClient): Promise<Finding> {
  const check = "api";
  try {
    const start = performance.now();
    await client.sandboxes.listInfo().next();
    return ok(check, `The gateway answers, in ${Math.round(performance.now() - start)} ms`);
  } catch (error) {
    return failure(
      check,
      messageOf(error),
      "Give --url and SANDKEEP_TOKEN, or a kubeconfig with --service-account: docs/cli.md.",
    );
  }
}

/** Whether images can be found in their registry. */
export async function checkRegistry(client: SandkeepClient, image: string): Promise<Finding> {
  const check = "registry";
  try {
    const { imageId } = await client.images.fromRegistry(image).build(new App(app));
    return ok(check, `${image} is ${imageId.replace(/(sha256:.{12}).*/, "$1…")}`);
  } catch (error) {
    if (error instanceof NotSupportedError) return warning(check, messageOf(error), "Update the gateway.");
    const mend =
      "The gateway asks the registry: see to its network, the image's name, --pull-secret. Nodes may have it all the same.";
    return warning(check, messageOf(error), mend);
  }
}

/** Whether a sandbox starts, and whether the network plugin keeps it from what it must not reach. */
export async function checkSandbox(
  client: SandkeepClient,
  server: ApiServer | undefined,
  image: string,
): Promise<Finding[]> {
  const start = performance.now();
  let sandbox: Sandbox | undefined;
  try {
    sandbox = await client.sandboxes.create(new App(app), client.images.fromRegistry(image), { timeoutMs: 120_000 });
    await (await sandbox.exec(["true"])).wait();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    return [ok("sandbox", `One started and ran a program, in ${seconds} s`), await checkPolicies(sandbox, server)];
  } catch (error) {
    return [failure("sandbox", messageOf(error), "`kubectl describe sandbox` and docs/troubleshooting.md say more.")];
  } finally {
    await sandbox?.delete().catch(() => {});
  }
}

/** How long a connection inside may take; seconds. */
const patience = 3;

async function checkPolicies(sandbox: Sandbox, server: ApiServer | undefined): Promise<Finding> {
  const check = "network policies";
  const address = server && (await addressInside(server));
  if (address === undefined)
    return warning(
      check,
      "The API server's address is not known",
      "Needs a kubeconfig whose user may `get` the Service kubernetes.",
    );
  const script = `command -v nc > /dev/null || exit 3; nc -w ${patience} "$0" 443 < /dev/null > /dev/null 2>&1 && exit 4; exit 0`;
  const code = await (await sandbox.exec(["sh", "-c", script, address], { timeoutMs: 10_000 })).wait();
  if (code === 4)
    return failure(
      check,
      `A sandbox reaches the API server at ${address}`,
      "Install a network plugin that enforces NetworkPolicies, such as Cilium or Calico.",
    );
  if (code === 3)
    return warning(check, "The image has no nc to try with", "Give one that has: --image busybox:stable.");
  return ok(check, "A sandbox does not reach the API server");
}

/** Where sandboxes would find the API server, if it may be known. */
async function addressInside(server: ApiServer): Promise<string | undefined> {
  const path = "/api/v1/namespaces/default/services/kubernetes";
  try {
    const { spec } = await server.json<{ spec: { clusterIP?: string } }>("GET", path);
    return spec.clusterIP;
  } catch {
    return undefined;
  }
}
