import { InvalidArgumentError } from "commander";

const milliseconds: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration such as `90`, `90s`, `5m` or `1h30m`, in milliseconds. Throws commander's error for anything else. */
export function duration(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+[smhd])+$/.test(text)) throw new InvalidArgumentError("It must be a duration such as 90s, 5m or 1h30m.");
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (milliseconds[unit] ?? 0),
    0,
  );
}

const mebibytes: Readonly<Record<string, number>> = {
  "": 1,
  K: 1000 / 1_048_576,
  M: 1_000_000 / 1_048_576,
  G: 1_000_000_000 / 1_048_576,
  Ki: 1 / 1024,
  Mi: 1,
  Gi: 1024,
};

/** Memory such as `512`, `512Mi` or `2G`, in MiB. */
export function memory(text: string): number {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)([KMG]i?)?$/.exec(text) ?? [];
  const factor = mebibytes[unit];
  if (count === undefined || factor === undefined)
    throw new InvalidArgumentError("It must be an amount of memory such as 512Mi or 2Gi.");
  return Number(count) * factor;
}

/** Processors such as `2`, `0.5` or `500m`. */
export function processors(text: string): number {
  if (/^\d+m$/.test(text)) return Number(text.slice(0, -1)) / 1000;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number of processors such as 2, 0.5 or 500m.");
}

/** A whole number from 0 on. */
export function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
