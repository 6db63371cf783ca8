import type { CreateSandboxInput } from "../../src/api/sandbox-http.ts";
import { gvisor } from "../support/gvisor.ts";

/** A kind of sandbox that operations are tried in. */
export interface Subject {
  name: string;
  spec: CreateSandboxInput["spec"];
  /** A folder that its user may write. */
  folder: string;
}

const small = { resources: { requests: { cpu: "10m", memory: "16Mi" } } };

/** With the C libraries, users, roots and runtimes that sandboxes differ in. */
export function subjects(): Subject[] {
  return [
    { name: "busybox", spec: { ...small, image: "busybox:stable" }, folder: "/tmp" },
    {
      name: "Debian as user 1000",
      spec: { ...small, image: "debian:bookworm-slim", securityContext: { runAsUser: 1000, runAsGroup: 1000 } },
      folder: "/tmp",
    },
    {
      name: "Alpine with a read-only root",
      spec: { ...small, image: "alpine:3.21", securityContext: { readOnlyRootFilesystem: true } },
      folder: "/dev/shm",
    },
    {
      name: "busybox under gVisor",
      spec: { ...small, image: "busybox:stable", className: gvisor },
      folder: "/tmp",
    },
  ];
}
