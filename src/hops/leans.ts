/**
 * Which hops a hop leans on, in either direction of the path, so that one cause has one name. A hop that is Broken only
 * because one that it leans on does not work becomes Unknown and says for whom it waits; its facts stay as found.
 * Blame passes on through a hop that does not work itself, and stops at one that does: a healthy process clears the
 * database behind it.
 */
import { type Fact, type HopName, hopNames, type State } from "../webflow/types.ts";
import type { Verdict } from "./verdict.ts";

/** Without a circle; the reasons are in hack/decisions/0005. */
export const leansOn: Readonly<Record<HopName, readonly HopName[]>> = {
  dns: ["edge"],
  edge: [],
  router: ["edge", "lb"],
  lb: ["process", "vmgroup"],
  vmgroup: [],
  process: ["vmgroup", "database"],
  database: [],
  response: hopNames.filter((hop) => hop !== "response"),
};

type Judged = Verdict & { hop: HopName; facts: readonly Fact[] };

export function blame<V extends Judged>(verdicts: readonly V[]): V[] {
  const found = new Map<HopName, Judged>(verdicts.map((verdict) => [verdict.hop, verdict]));
  return verdicts.map((verdict) => {
    if (verdict.state !== "Broken" || hasOwnFault(verdict)) return verdict;
    const cause = causeOf(verdict.hop, found);
    if (cause === undefined) return verdict;
    const reason = `WaitsFor${cause.hop.charAt(0).toUpperCase()}${cause.hop.slice(1)}`;
    return { ...verdict, state: "Unknown" as const, reason, message: `Waits for ${cause.hop}: ${cause.message}` };
  });
}

/** Facts that no neighbour can break: what the user wrote, what could not be written, who is to answer for it. */
const ownFacts = /^(spec(-\d+)?|written-.*|accepted|service|subnet|credentials|volume)$/;

const hasOwnFault = ({ facts }: Judged) =>
  facts.some((fact) => fact.required && fact.state === "Broken" && ownFacts.test(fact.name));

/** What is broken explains a break; else what is merely on its way. */
function causeOf(hop: HopName, found: ReadonlyMap<HopName, Judged>): Judged | undefined {
  return rootIn(hop, found, "Broken") ?? rootIn(hop, found, "Progressing");
}

const notWorking: readonly State[] = ["Broken", "Progressing", "Unknown"];

/** The furthest hop in this state that is reached through hops that do not work. */
function rootIn(hop: HopName, found: ReadonlyMap<HopName, Judged>, state: State): Judged | undefined {
  for (const next of leansOn[hop]) {
    const verdict = found.get(next);
    if (verdict === undefined || !notWorking.includes(verdict.state)) continue;
    const deeper = hasOwnFault(verdict) ? undefined : rootIn(next, found, state);
    if (deeper !== undefined) return deeper;
    if (verdict.state === state) return verdict;
  }
  return undefined;
}
