import { gvisor } from "../support/gvisor.ts";

/** What sandboxes run under, with what a spec says to have it. */
export const runtimes: [runtime: string, spec: { className?: string }][] = [
  ["runc", {}],
  ["gVisor", { className: gvisor }],
];
