import type { SandboxClassSpec } from "../../api/sandbox-class.ts";
import type { SandboxSpec } from "../../api/sandbox.ts";
import type { Container, PodSpec } from "../../kube/objects.ts";

/** What a root shell needs; within Pod Security `baseline`. No raw sockets, no device files. */
const rootShell = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];

/** Who the sandbox's processes are and what the kernel lets them do. */
export function containerSecurityFor(
  { securityContext = {} }: SandboxSpec,
  { profile }: SandboxClassSpec,
): NonNullable<Container["securityContext"]> {
  const { runAsUser, runAsGroup, readOnlyRootFilesystem } = securityContext;
  return {
    allowPrivilegeEscalation: false,
    capabilities: profile === "Restricted" ? { drop: ["ALL"] } : { drop: ["ALL"], add: rootShell },
    ...(profile === "Restricted" ? { runAsNonRoot: true } : {}),
    ...(runAsUser === undefined ? {} : { runAsUser }),
    ...(runAsGroup === undefined ? {} : { runAsGroup }),
    ...(readOnlyRootFilesystem === undefined ? {} : { readOnlyRootFilesystem }),
  };
}

/** Who the container is that copies the agent: nobody, with no rights. */
export const installerSecurity: NonNullable<Container["securityContext"]> = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
};

/** What holds for all containers of the Pod. */
export function podSecurityFor({ securityContext = {} }: SandboxSpec): NonNullable<PodSpec["securityContext"]> {
  const { fsGroup } = securityContext;
  return { seccompProfile: { type: "RuntimeDefault" }, ...(fsGroup === undefined ? {} : { fsGroup }) };
}
