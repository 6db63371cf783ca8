/** RFC 3339 in UTC with six digits of a second, as `metav1.MicroTime` wants it: `2026-11-21T09:25:10.123000Z`. */
export function microTime(time: Date): string {
  return time.toISOString().replace("Z", "000Z");
}
