import type { z } from "zod";
import { truncate } from "../lib/truncate.ts";

/** A rule over a whole value, written for both who check it: the API server (CEL) and the gateway (`holds`). */
export interface Rule<T> {
  /** Kubernetes CEL over `self`, as in `x-kubernetes-validations`. */
  cel: string;
  /** What the user reads when the rule is broken; it says what would be right. */
  message: string;
  /** The member of the value that the error should point at. */
  field?: string;
  /** Whether the gateway's message names the value, as the API server's always does; not of what may be secret. */
  namesValue?: boolean;
  holds: (value: T) => boolean;
}

/** A rule over a change, `oldSelf` to `self`. Only the API server knows both, so it alone checks it. */
export interface TransitionRule extends Omit<Rule<never>, "holds"> {
  /** CEL for what the user reads, where that depends on the values; `message` where it fails. */
  messageExpression?: string;
}

/** The schema with rules, which zod checks on parsing and the CRD carries as CEL. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: Rule<z.output<S>>[]): S {
  let ruled = schema;
  for (const { holds, message, field, namesValue = false } of rules) {
    ruled = ruled.refine((value) => holds(value), {
      error: namesValue ? ({ input }) => `${message}, got ${shown(input)}` : message,
      path: field === undefined ? [] : [field],
    });
  }
  return withValidations(ruled, rules);
}

function shown(value: unknown): string {
  return truncate(JSON.stringify(value) ?? String(value), 300);
}

/** The schema with rules about changes, which the CRD carries as CEL. */
export function withTransitions<S extends z.ZodType>(schema: S, ...rules: TransitionRule[]): S {
  return withValidations(schema, rules);
}

/** A rule that a string matches a pattern. RE2 and JavaScript must read the pattern alike. */
export function matches(pattern: RegExp, message: string): Rule<string> {
  return { cel: `self.matches(r'${pattern.source}')`, message, holds: (value) => pattern.test(value) };
}

/** A rule that just one of some optional members is there. */
export function exactlyOneOf<K extends string>(...members: K[]): Rule<Partial<Record<K, unknown>>> {
  return {
    cel: `${present(members)} == 1`,
    message: `exactly one of ${members.join(", ")} must be set`,
    holds: (value) => members.filter((member) => value[member] !== undefined).length === 1,
  };
}

/** A rule that no more than one of some optional members is there. */
export function atMostOneOf<K extends string>(...members: K[]): Rule<Partial<Record<K, unknown>>> {
  return {
    cel: `${present(members)} <= 1`,
    message: `at most one of ${members.join(", ")} may be set`,
    holds: (value) => members.filter((member) => value[member] !== undefined).length <= 1,
  };
}

/**
 * A rule that none of these members, optional or required, ever changes, appears or disappears. One rule for all of them,
 * which looks at the whole first: a rule for each would more than double what a write of the status costs the API server.
 */
export function immutable(members: readonly string[], advice: string): TransitionRule {
  const firstChanged = members.reduceRight((others, member) => `!(${same(member)}) ? '${member}' : ${others}`, "''");
  return {
    cel: `self == oldSelf || (${members.map(same).join(" && ")})`,
    message: `${members.join(", ")} cannot change: ${advice}`,
    messageExpression: `(${firstChanged}) + ' cannot change: ${advice}'`,
  };
}

function same(member: string): string {
  return `has(self.${member}) == has(oldSelf.${member}) && (!has(self.${member}) || self.${member} == oldSelf.${member})`;
}

function present(members: readonly string[]): string {
  return `[${members.map((member) => `has(self.${member})`).join(", ")}].filter(x, x).size()`;
}

function withValidations<S extends z.ZodType>(schema: S, rules: readonly TransitionRule[]): S {
  const earlier = schema.meta()?.["x-kubernetes-validations"];
  const validations = rules.map(({ cel, message, messageExpression, field }) => ({
    rule: cel,
    message,
    ...(messageExpression === undefined ? {} : { messageExpression }),
    ...(field === undefined ? {} : { fieldPath: `.${field}` }),
  }));
  return schema.meta({ "x-kubernetes-validations": [...(Array.isArray(earlier) ? earlier : []), ...validations] });
}
