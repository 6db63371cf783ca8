import type { Condition } from "../api/meta.ts";
import { secondTime } from "./time.ts";

/** A condition as decided, before it is known whether it is news. */
export type Verdict = Pick<Condition, "type" | "status" | "reason" | "message">;

/** The verdicts as conditions: `lastTransitionTime` stays where the status of a type stays. */
export function conditionsFrom(
  verdicts: Verdict[],
  before: Condition[] | undefined,
  generation: number | undefined,
  now: Date,
): Condition[] {
  return verdicts.map((verdict) => {
    const earlier = before?.find(({ type }) => type === verdict.type);
    return {
      ...verdict,
      lastTransitionTime: earlier?.status === verdict.status ? earlier.lastTransitionTime : secondTime(now),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
  });
}

/** The condition of that type, if there is one. */
export function conditionOf<C extends { type: string }>(conditions: C[] | undefined, type: string): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}
