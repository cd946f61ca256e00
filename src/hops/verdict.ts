/** Facts -> the hop's verdict. The first fact of the state that decides speaks for the hop. */
import type { Fact, State } from "../webflow/types.ts";

export interface Verdict {
  state: State;
  reason: string;
  message: string;
  vantage: string;
}

export function verdictOf(facts: readonly Fact[]): Verdict {
  const required = facts.filter((fact) => fact.required);
  const first = (state: State) => required.find((fact) => fact.state === state);
  const open = first("Broken") ?? first("Unknown") ?? first("Progressing");
  if (open !== undefined) return spoken(open.state, open);
  const lessened = facts.find((fact) => fact.state === "Degraded") ?? facts.find((fact) => fact.state === "Broken");
  if (lessened !== undefined) return spoken("Degraded", lessened);
  const applicable = facts.find((fact) => fact.state !== "NotApplicable");
  const [only] = facts;
  if (only === undefined) {
    return { state: "Unknown", reason: "NothingKnown", message: "Nothing is known of this hop.", vantage: "api" };
  }
  if (applicable === undefined) return spoken("NotApplicable", only);
  return spoken("Healthy", furthest(facts) ?? applicable);
}

/** The last Healthy fact that was asked on the path, rather than read of an object: it says the most. */
function furthest(facts: readonly Fact[]): Fact | undefined {
  const healthy = facts.filter((fact) => fact.state === "Healthy");
  return healthy.findLast((fact) => fact.required && fact.vantage !== "api") ?? healthy[0];
}

const spoken = (state: State, { reason, message, vantage }: Fact): Verdict => ({ state, reason, message, vantage });
