import type { SandboxSpec } from "../../api/sandbox.ts";

/** The Secrets that a spec names, each once: whoever may not read them may not have them read by a sandbox. */
export function secretNames({ env, envFrom, volumes, imagePullSecrets }: SandboxSpec): string[] {
  const names = [
    ...(env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
    ...(envFrom ?? []).map(({ secretRef }) => secretRef?.name),
    ...(volumes ?? []).flatMap(({ secret, csi }) => [secret?.secretName, csi?.nodePublishSecretRef?.name]),
    ...(imagePullSecrets ?? []).map(({ name }) => name),
  ];
  return [...new Set(names.filter((name) => name !== undefined))];
}
