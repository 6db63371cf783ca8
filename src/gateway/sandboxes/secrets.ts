import type { CreateSandbox } from "../../api/sandbox-http.ts";

/** The Secrets that a request names, each once: whoever may not read them may not have them read by a sandbox. */
export function secretNames({ spec, imageSecret }: Pick<CreateSandbox, "spec" | "imageSecret">): string[] {
  const { env, envFrom, volumes, imagePullSecrets, network } = spec;
  const names = [
    ...(env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
    ...(envFrom ?? []).map(({ secretRef }) => secretRef?.name),
    ...(volumes ?? []).flatMap(({ secret, csi }) => [secret?.secretName, csi?.nodePublishSecretRef?.name]),
    ...(imagePullSecrets ?? []).map(({ name }) => name),
    imageSecret,
    network?.proxyName,
  ];
  return [...new Set(names.filter((name) => name !== undefined))];
}
