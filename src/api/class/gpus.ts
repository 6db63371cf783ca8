import type { GpuKind } from "../sandbox-class-spec.ts";

/** GPUs that would do: `count` of a kind. Of several choices the one of lowest rank is preferred. */
export interface GpuChoice {
  /** The request as the sandbox has it: `A100-80GB:2`. */
  wanted: string;
  rank: number;
  kind: GpuKind;
  count: number;
}

/** What a sandbox's `spec.gpu` means in its class. */
export interface GpuChoices {
  choices: GpuChoice[];
  /** Names that the class does not have. */
  unknown: string[];
}

/** The choices, in order of preference. Case does not matter; `any` is every kind that the class has, without preference. */
export function gpuChoices(wanted: readonly string[] = [], gpus: Readonly<Record<string, GpuKind>> = {}): GpuChoices {
  const requests = wanted.map((text, rank) => {
    const [name = "", count = "1"] = text.split(":");
    return { text, rank, name, count: Number(count), kinds: kindsNamed(name, gpus) };
  });
  return {
    choices: requests.flatMap(({ text, rank, count, kinds }) =>
      kinds.map((kind) => ({ wanted: text, rank, kind, count })),
    ),
    unknown: requests.filter(({ kinds }) => kinds.length === 0).map(({ name }) => name),
  };
}

function kindsNamed(name: string, gpus: Readonly<Record<string, GpuKind>>): GpuKind[] {
  const named = memberNamed(gpus, name);
  if (named !== undefined) return [named];
  return name.toLowerCase() === "any" ? Object.values(gpus) : [];
}

/** The member of that name, or of one that differs in case only. */
export function memberNamed<T>(map: Readonly<Record<string, T>>, name: string): T | undefined {
  if (Object.hasOwn(map, name)) return map[name];
  return Object.entries(map).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}
