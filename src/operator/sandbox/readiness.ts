import type { LinkTarget } from "../../agent-link/open.ts";
import { deadline } from "../../lib/deadline.ts";
import { orAborted } from "../../lib/or-aborted.ts";
import { patientSeconds, type Question, wasPatient } from "./inquiries.ts";
import type { ReadinessObservation } from "./observed.ts";

/** Seconds until a request is given up whose answer begins and does not end; others wait for their turn. */
const mostSeconds = patientSeconds + 30;

/** Asks the agent of a Pod whether its sandbox is ready, until it has decided. */
export function readinessQuestion(target: LinkTarget): Question<ReadinessObservation> {
  return {
    target,
    id: target.uid,
    async ask(agent, crowded, signal) {
      do {
        const since = performance.now();
        using within = deadline(mostSeconds * 1000, signal);
        const { state, message = "" } = await orAborted(agent.readiness(patientSeconds, within.signal), within.signal);
        if (state === "none") return { state: "failed", message: "The agent was given no probe." };
        if (state !== "pending") return { state, message };
        if (!wasPatient(since))
          throw new Error("The agent answered before it had decided: its sandbox ends, or it lies");
      } while (!crowded());
      return undefined;
    },
  };
}
