import { spawn } from "node:child_process";
import { misconfigured } from "../configuration-error.ts";
import type { Cluster, ExecPlugin } from "../kubeconfig/kubeconfig.ts";

/** What an exec plugin has given: a token, or a certificate and its key, PEM. */
export interface ExecCredential {
  token: string | undefined;
  certificate: string | undefined;
  key: string | undefined;
  /** Milliseconds since 1970; without end where the plugin says nothing. */
  expiresAt: number;
}

const versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
const mostOctets = 1 << 20;

/** Runs the plugin. What it writes to standard error goes to ours, as with kubectl: it may ask the user to log in. */
export async function runExecPlugin(
  plugin: ExecPlugin,
  cluster: Cluster & { server: string },
): Promise<ExecCredential> {
  const { apiVersion, command, interactiveMode = "IfAvailable" } = plugin;
  if (!versions.includes(apiVersion))
    throw misconfigured(
      `Cannot run the exec plugin ${command}: its apiVersion "${apiVersion}" is none of ${versions.join(", ")}`,
    );
  const interactive = interactiveMode !== "Never" && process.stdin.isTTY;
  if (interactiveMode === "Always" && !interactive)
    throw misconfigured(`Cannot run the exec plugin ${command}: it needs a terminal, and standard input is none`);
  const spec = { interactive, ...(plugin.provideClusterInfo && { cluster: clusterInfo(cluster) }) };
  const info = JSON.stringify({ apiVersion, kind: "ExecCredential", spec });
  return credentialIn(await output(plugin, info, interactive), plugin);
}

function clusterInfo({ server, serverName, insecure, authority }: Cluster): Record<string, unknown> {
  return {
    server,
    ...(serverName !== undefined && { "tls-server-name": serverName }),
    ...(insecure && { "insecure-skip-tls-verify": true }),
    ...(authority.data !== undefined && { "certificate-authority-data": authority.data }),
  };
}

/** What the program prints; rejects when it fails. */
function output({ command, args, env, installHint }: ExecPlugin, info: string, interactive: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown) =>
      reject(misconfigured(`Cannot get credentials from the exec plugin ${command}: ${why}`, cause));
    const child = spawn(command, args, {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: info },
      stdio: [interactive ? "inherit" : "ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.length > mostOctets) child.kill();
    });
    child.once("error", (cause) =>
      fail(`${cause.message}${installHint === undefined ? "" : `\n${installHint}`}`, cause),
    );
    child.once("close", (code, signal) => {
      if (code === 0) resolve(text);
      else fail(code === null ? `it was ended by ${signal}` : `it exited with ${code}`);
    });
  });
}

/** What is in the answer; the message never shows it. */
function credentialIn(text: string, { command, apiVersion }: ExecPlugin): ExecCredential {
  const bad = (why: string) => misconfigured(`Cannot use what the exec plugin ${command} printed: ${why}`);
  let answer: { apiVersion?: unknown; kind?: unknown; status?: Record<string, unknown> | null };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    throw bad("it is not JSON");
  }
  if (answer?.kind !== "ExecCredential" || answer.apiVersion !== apiVersion)
    throw bad(`it is no ExecCredential of ${apiVersion}`);
  const member = (name: string) => {
    const value = answer.status?.[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const token = member("token");
  const certificate = member("clientCertificateData");
  const key = member("clientKeyData");
  if (token === undefined && (certificate === undefined || key === undefined))
    throw bad("it has neither a token nor a certificate with its key");
  const expiry = Date.parse(member("expirationTimestamp") ?? "");
  return { token, certificate, key, expiresAt: Number.isNaN(expiry) ? Infinity : expiry };
}
