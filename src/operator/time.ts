/** RFC 3339 in UTC with seconds, as `metav1.Time` is written. */
export function secondTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** Milliseconds from `now` until `seconds` after `time`; zero or less when that is past. */
export function millisecondsUntil(time: string, seconds: number, now: Date): number {
  return Date.parse(time) + seconds * 1000 - now.getTime();
}
