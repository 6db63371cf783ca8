import type { SandboxSpec } from "../../api/sandbox.ts";

/** A field that asks for something this version does not do. */
export interface UnsupportedField {
  path: string;
  value: unknown;
}

/** The first field of a sandbox that would be silently ignored if the sandbox ran. */
export function unsupportedField(spec: SandboxSpec): UnsupportedField | undefined {
  return sandboxFields(spec).find(({ value }) => asksForSomething(value));
}

/** The refusal as users read it: `spec.gpu ["H100"] is not supported by this version. …`. */
export function describeUnsupported({ path, value }: UnsupportedField): string {
  const shown = JSON.stringify(value);
  const cut = shown.length > 200 ? `${shown.slice(0, 199)}…` : shown;
  return `${path} ${cut} is not supported by this version of Sandkeep. Leave it out.`;
}

function sandboxFields(spec: SandboxSpec): UnsupportedField[] {
  return [
    { path: "spec.snapshotName", value: spec.snapshotName },
    { path: "spec.imageName", value: spec.imageName },
    { path: "spec.volumes", value: spec.volumes?.filter(({ snapshotName }) => snapshotName !== undefined) },
    { path: "spec.experimental", value: spec.experimental },
  ];
}

function asksForSomething(value: unknown): boolean {
  if (value === undefined || value === false) return false;
  return typeof value !== "object" || value === null || Object.keys(value).length > 0;
}
