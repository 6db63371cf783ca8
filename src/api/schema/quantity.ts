import { z } from "zod";

const PATTERN = /^[+]?(([0-9]+([.][0-9]*)?)|([.][0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?[0-9]+))?$/;

const SCALES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A non-negative `resource.Quantity`: `500m`, `2`, `1Gi`. Numbers are accepted; parsed, it is a string. */
export const quantity = z
  .union([z.int().min(0), z.string().max(64).regex(PATTERN, 'must be a quantity such as "500m" or "2Gi"')])
  .transform(String)
  .meta({ "x-kubernetes-int-or-string": true, pattern: PATTERN.source, maxLength: 64, minimum: 0 });

/** The value of a quantity in its base unit (cores, bytes); `NaN` when it is none. */
export function quantityValue(text: string): number {
  if (!PATTERN.test(text)) {
    return Number.NaN;
  }
  const suffix = /[A-Za-z]+$/.exec(text)?.[0] ?? "";
  const scale = SCALES[suffix];
  return scale === undefined ? Number(text) : Number(text.slice(0, -suffix.length)) * scale;
}
