/** How a hop says what it found: facts with a name, and those that every hop can have alike. */
import type { Kind } from "../kernel/objects.ts";
import { type PassedThrough, passedThrough, type Reason } from "../webflow/reasons.ts";
import type { Fact, Flow, HopName, Ref, State } from "../webflow/types.ts";
import type { Seen } from "./hop.ts";

export interface About {
  name: string;
  /** Default: true. */
  required?: boolean;
  /** Default: api. */
  vantage?: string;
  refs?: readonly Ref[];
  /** Milliseconds since 1970 of the first answer that said so, where it was asked. */
  since?: number | undefined;
}

/** The most objects that one fact names. */
export const mostRefs = 8;

/** `fact("address").broken("NoAddress", "...")`. */
export function fact(about: string | About) {
  const {
    name,
    required = true,
    vantage = "api",
    refs = [],
    since,
  } = typeof about === "string" ? { name: about } : about;
  const as =
    (state: State) =>
    (reason: Reason | PassedThrough, message: string): Fact => ({
      name,
      required,
      state,
      reason,
      message,
      vantage,
      ...(since === undefined ? {} : { since: rfc3339(since) }),
      ...(refs.length === 0 ? {} : { refs: refs.slice(0, mostRefs) }),
    });
  return {
    healthy: as("Healthy"),
    degraded: as("Degraded"),
    progressing: as("Progressing"),
    broken: as("Broken"),
    unknown: as("Unknown"),
    notApplicable: as("NotApplicable"),
    is: (state: State, reason: Reason | PassedThrough, message: string) => as(state)(reason, message),
  };
}

export const notAskedYet = "NotAskedYet";

export const refTo = (kind: Kind, name: string): Ref => ({ kind: kind.kind, name });
export const named = (kind: Kind, name: string): string => `${kind.kind}/${name}`;

/** What the user must edit, where it belongs to this hop. Named `spec`, so that nobody else is blamed for it. */
export function faultFacts(flow: Flow, hop: HopName): Fact[] {
  const own = flow.faults.filter((fault) => fault.hop === hop);
  return own.map((fault, index) =>
    fact(index === 0 ? "spec" : `spec-${index + 1}`).broken(fault.reason, fault.message),
  );
}

/** Writes that did not succeed, of objects that this hop desires. */
export function failureFacts(seen: Seen, wanted: readonly (readonly [Kind, string])[]): Fact[] {
  return wanted.flatMap(([kind, name]) => {
    const failure = seen.failure(kind, name);
    if (failure === undefined) return [];
    const about = fact({ name: `written-${kind.kind.toLowerCase()}`, refs: [refTo(kind, name)] });
    const message = `${named(kind, name)} could not be written: ${failure.message}`;
    return [about.is(unwrittenState(failure), passedThrough(failure.reason), message)];
  });
}

/** Whole seconds: times of a status. */
export const rfc3339 = (millis: number): string => `${new Date(millis).toISOString().slice(0, 19)}Z`;

/** What a write that did not succeed comes to: a finding, unless it may well succeed in a moment. */
export const unwrittenState = ({ passing }: { passing?: boolean }): State =>
  passing === true ? "Progressing" : "Broken";

const severity = (found: Fact): number => {
  if (found.state === "Broken") return found.required ? 6 : 5;
  if (found.state === "Degraded") return 4;
  const open = found.state === "Unknown" ? 2 : found.state === "Progressing" ? 1 : 0;
  return open > 0 && found.required ? open + 1.5 : open / 2;
};

/** The worst of facts on one subject; the first of equals. */
export function worst(facts: readonly [Fact, ...Fact[]]): Fact {
  return facts.reduce((found, next) => (severity(next) > severity(found) ? next : found));
}

/** A list in a sentence, in a stable order, and short. */
export function listed(names: Iterable<string>): string {
  const sorted = [...new Set(names)].sort();
  const shown = sorted.slice(0, 3).join(", ");
  return sorted.length > 3 ? `${shown} and others` : shown;
}
