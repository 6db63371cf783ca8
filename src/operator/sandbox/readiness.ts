import type { LinkTarget } from "../../agent-link/open.ts";
import { patientSeconds, type Question, wasPatient } from "./inquiries.ts";
import type { ReadinessObservation } from "./observed.ts";

/** Asks the agent of a Pod whether its sandbox is ready, until it has decided. */
export function readinessQuestion(target: LinkTarget): Question<ReadinessObservation> {
  return {
    target,
    id: target.uid,
    async ask(agent, crowded, signal) {
      do {
        const since = performance.now();
        const { state, message = "" } = await agent.readiness(patientSeconds, signal);
        if (state === "none") return { state: "failed", message: "The agent was given no probe." };
        if (state !== "pending") return { state, message };
        if (!wasPatient(since))
          throw new Error("The agent answered before it had decided: its sandbox ends, or it lies");
      } while (!crowded());
      return undefined;
    },
  };
}
