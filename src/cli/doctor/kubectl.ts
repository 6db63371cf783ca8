import { execFile } from "node:child_process";
import { ok, warning, type Finding } from "./finding.ts";

/** How long it may take; milliseconds. */
const patience = 15_000;

/** Which kubectl there is; undefined where there is none, as nothing needs it. */
export async function checkKubectl(): Promise<Finding | undefined> {
  const check = "kubectl";
  const { problem, missing, stdout } = await clientVersion();
  if (missing) return undefined;
  const version = /"gitVersion": *"([^"]+)"/.exec(stdout)?.[1];
  return version === undefined
    ? warning(check, problem ?? "It does not say its version", "See to `kubectl version --client`.")
    : ok(check, version);
}

function clientVersion(): Promise<{ problem: string | undefined; missing: boolean; stdout: string }> {
  return new Promise((resolve) => {
    const command = ["version", "--client", "--output=json"];
    execFile("kubectl", command, { timeout: patience }, (error, stdout) =>
      resolve({ problem: error?.message, missing: error?.code === "ENOENT", stdout }),
    );
  });
}
