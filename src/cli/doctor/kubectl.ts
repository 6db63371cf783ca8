import { execFile } from "node:child_process";
import type { GlobalOptions } from "../client.ts";

/** How a run of kubectl ended. `missing`: there is no kubectl. */
export interface Ran {
  ended: "ok" | "failed" | "missing";
  stdout: string;
  /** The last line of standard error. */
  problem: string;
}

export type Kubectl = (...args: string[]) => Promise<Ran>;

/** How long it may take; milliseconds. */
const patience = 15_000;

/** Runs kubectl as the user of the command line. */
export function kubectlFor({ context, kubeconfig }: GlobalOptions): Kubectl {
  const chosen = [
    ...(context === undefined ? [] : [`--context=${context}`]),
    ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
    "--request-timeout=10s",
  ];
  return (...args) =>
    new Promise((resolve) => {
      execFile("kubectl", [...chosen, ...args], { timeout: patience }, (error, stdout, stderr) => {
        const ended = error === null ? "ok" : error.code === "ENOENT" ? "missing" : "failed";
        resolve({ ended, stdout, problem: stderr.trim().split("\n").at(-1) ?? "" });
      });
    });
}
