import type { Sandbox } from "../../api/sandbox.ts";
import type { ContainerStatus, Pod } from "../../kube/objects.ts";
import { type Ending, idleTimeout, nodeLost, outOfMemory, startError, terminated, timeout } from "./endings.ts";
import { parseTerminationMessage } from "./termination-message.ts";

/** The state of a container that has ended. */
export type Terminated = NonNullable<NonNullable<ContainerStatus["state"]>["terminated"]>;

/** How a sandbox ended whose container ended by itself: the runtime's word first, then the agent's. */
export function endingByExit(exit: Terminated, sandbox: Sandbox, pod: Pod): Ending {
  const { exitCode, reason = "", message = "" } = exit;
  // The runtime says so too of a container that outlived the death of a child.
  if (reason === "OOMKilled" && exitCode === 137) return outOfMemory(sandbox);
  if (reason === "ContainerStatusUnknown") return nodeLost(pod, "it no longer knows the container.");
  if (reason === "StartError" || reason === "ContainerCannotRun") return startError(message, exitCode);
  const said = parseTerminationMessage(message);
  // Whoever asked for the end may have told the agent, too.
  if (said === undefined) return sandbox.spec.desiredState === "Terminated" ? terminated : agentLost(exitCode);
  if (said.reason === "Timeout") return timeout(pod);
  if (said.reason === "IdleTimeout") return idleTimeout;
  if (said.reason === "StartError") return startError(said.message ?? "", exitCode);
  return commandEnded(exitCode, said.message);
}

/** Whatever the message claims, success is an exit code of 0. */
function commandEnded(exitCode: number, message: string | undefined): Ending {
  if (exitCode === 0) return { reason: "Completed", exitCode, message: "The command ended with exit code 0." };
  return { reason: "Error", exitCode, message: message || `The command ended with exit code ${exitCode}.` };
}

function agentLost(exitCode: number): Ending {
  return {
    reason: "AgentLost",
    exitCode,
    message: `The agent ended with exit code ${exitCode} and gave no account: it was killed, from inside the sandbox or by its node.`,
  };
}
