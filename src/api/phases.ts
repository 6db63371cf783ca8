/** In the order a sandbox passes them; `Ready` only with a probe. */
export const SANDBOX_PHASES = ["Created", "Scheduled", "Started", "Ready", "Finished"] as const;
export type SandboxPhase = (typeof SANDBOX_PHASES)[number];

/** How a sandbox can end: `status.reason`, and the reason of the condition `Finished`. */
export const FINISH_REASONS = [
  "Completed",
  "Error",
  "Terminated",
  "Timeout",
  "IdleTimeout",
  "OutOfMemory",
  "ImageUnavailable",
  "Unschedulable",
  "StartError",
  "Rejected",
  "NameTaken",
  "NodeLost",
  "Evicted",
  "PodDeleted",
  "AgentLost",
] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];
