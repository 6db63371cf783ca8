import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { clusterCommand, programPath } from "./cluster.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

/** Where a local cluster with Sandkeep in it is reached from this machine. */
export interface Installed {
  cluster: string;
  kubeconfig: string;
  /** `PATH` with the cluster's own kubectl and helm in front. */
  path: string;
  gateway: string;
  /** PEM of the certificate that the gateway shows. */
  certificate: string;
}

/** Brings Sandkeep into a cluster that is up, by its chart with these arguments for helm; quick when it is there. */
export async function installInto(cluster: string, helmArguments: string[] = []): Promise<Installed> {
  const variables = assignments(await command("hack/install", ["--name", cluster, "--", ...helmArguments]));
  return {
    cluster,
    kubeconfig: await clusterCommand("kubeconfig", "--name", cluster),
    path: await programPath(cluster),
    gateway: variables["GATEWAY"] ?? "",
    certificate: await readFile(variables["GATEWAY_CA"] ?? "", "utf8"),
  };
}

/** Ends the cluster and everything in it. */
export async function endCluster(cluster: string): Promise<void> {
  await clusterCommand("down", "--name", cluster);
}

async function command(file: string, args: string[]): Promise<string> {
  const { stdout } = await run(join(root, file), args, { cwd: root, maxBuffer: 64 << 20 });
  return stdout;
}

function assignments(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

/** How a program ended that was allowed to fail. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program of the cluster's own, such as kubectl or helm, with this input. */
export async function tool(installed: Installed, file: string, args: string[], input = ""): Promise<Ended> {
  const env = { ...process.env, PATH: installed.path, KUBECONFIG: installed.kubeconfig };
  const child = spawn(file, args, { cwd: root, env, stdio: ["pipe", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, ...output }));
  });
}

/** Standard output of kubectl; rejects with its standard error when it fails. */
export async function kubectl(installed: Installed, args: string[], input = ""): Promise<string> {
  const { code, stdout, stderr } = await tool(installed, "kubectl", args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")} failed with ${code}: ${stderr}`);
  return stdout;
}

/** The image of operator and gateway, which has Node in it. */
export async function gatewayImage(installed: Installed): Promise<string> {
  const deployment = ["--namespace", "sandkeep-system", "get", "deployment/sandkeep-gateway"];
  return await kubectl(installed, [...deployment, "-o", "jsonpath={.spec.template.spec.containers[0].image}"]);
}
