const steps = [
  { unit: "d", seconds: 86_400 },
  { unit: "h", seconds: 3600 },
  { unit: "m", seconds: 60 },
] as const;

/** How long ago or how long, in one unit, as kubectl shows ages: `45s`, `12m`, `3h`, `2d`. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const step = steps.find((step) => seconds >= 2 * step.seconds);
  return step === undefined ? `${seconds}s` : `${Math.floor(seconds / step.seconds)}${step.unit}`;
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/** An amount of octets with three digits: `512 B`, `1.50 KiB`, `23.4 MiB`. */
export function octets(count: number): string {
  let [value, unit] = [count, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? String(value) : value.toPrecision(3)} ${units[unit]}`;
}
