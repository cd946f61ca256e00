/**
 * Verdicts -> status. Pure: the same verdicts and the same last status give the same status, so that a status is
 * written on transitions only. Times move only when what they tell moves.
 */
import type { Isolation } from "../hops/database.ts";
import { rfc3339 } from "../hops/facts.ts";
import { lostClaim } from "../webflow/claims.ts";
import { maxAddresses, maxFacts, maxMessage, maxRefs } from "../webflow/status-schema.ts";
import type { Condition, Fact, Flow, HopName, HopStatus, State, WebFlowStatus } from "../webflow/types.ts";

/** What one hop was found to be in this turn, after blame. */
export interface HopVerdict {
  hop: HopName;
  state: State;
  reason: string;
  message: string;
  vantage: string;
  facts: Fact[];
  /** Was fine and is on its way to being fine again: the last verdict stands, and Reconciling says so. */
  moving: boolean;
  /** Not asked yet by a process that has just begun: the last verdict stands, and there is nothing to say. */
  held: boolean;
}

export interface Summary {
  flow: Flow;
  verdicts: readonly HopVerdict[];
  isolation: Isolation | undefined;
  addresses: readonly string[];
  last: WebFlowStatus | undefined;
  now: number;
  /** This process has just begun to ask: what it has not heard yet says nothing against what was known. */
  fresh: boolean;
}

const passing: readonly State[] = ["Healthy", "Degraded", "NotApplicable"];

export function summarize(summary: Summary): WebFlowStatus {
  const { flow, last } = summary;
  const hops = summary.verdicts.map((verdict) => hopStatus(verdict, summary));
  const broken = hops.find((hop) => hop.state === "Broken");
  const conditions = conditionsOf(summary, hops).map((condition) => stamped(condition, summary));
  const ready = conditions.find((condition) => condition.type === "Ready");
  const kept = summary.verdicts.some(({ hop, moving, held }) => hop === "response" && (moving || held));
  const url = last?.url === urlOf(flow) ? last.url : kept ? undefined : verifiedUrl(flow, hops);
  return {
    observedGeneration: flow.generation,
    ...(flow.class.revision === undefined ? {} : { classRevision: flow.class.revision }),
    ...(flow.heldHosts.length === 0 ? {} : { hosts: [...flow.heldHosts] }),
    conditions,
    ...(broken === undefined ? {} : { brokenAt: broken.hop }),
    ...(ready === undefined ? {} : { since: ready.lastTransitionTime }),
    ...(url === undefined ? {} : { url }),
    edges: flow.edges.map((edge) => ({ name: edge.name, addresses: summary.addresses.slice(0, maxAddresses) })),
    hops,
  };
}

function hopStatus(verdict: HopVerdict, { last, now }: Summary): HopStatus {
  const before = last?.hops?.find((hop) => hop.hop === verdict.hop);
  if ((verdict.moving || verdict.held) && before !== undefined) return before;
  const same = before !== undefined && before.state === verdict.state && before.reason === verdict.reason;
  const facts = verdict.facts.map((fact) => factStatus(fact, before?.facts ?? [], now));
  const { hop, state, reason, message, vantage } = verdict;
  const deciding = facts.find((fact) => fact.state === state && fact.reason === reason);
  // The fact that speaks for a hop that has healed may have been well all along.
  const told = deciding?.since ?? "";
  const since = same ? before.since : told > (before?.since ?? "") ? told : rfc3339(now);
  return { hop, state, reason, message: bounded(message), vantage, since, facts: facts.slice(0, maxFacts) };
}

function factStatus(fact: Fact, before: readonly Fact[], now: number): Fact {
  const old = before.find((other) => other.name === fact.name);
  const same = old !== undefined && old.state === fact.state && old.reason === fact.reason;
  return {
    ...fact,
    ...(fact.refs === undefined ? {} : { refs: fact.refs.slice(0, maxRefs) }),
    message: bounded(fact.message),
    // What stood before stands since then, also after a start, which hears its first answers anew.
    since: same && old.since !== undefined ? old.since : (fact.since ?? rfc3339(now)),
  };
}

/** `since`: when what it tells of began to be so, where that is known. */
type Draft = Omit<Condition, "observedGeneration" | "lastTransitionTime"> & { since?: string };

function conditionsOf(summary: Summary, hops: readonly HopStatus[]): Draft[] {
  const { flow, isolation, verdicts } = summary;
  const drafts: Draft[] = [readyOf(hops, summary)];
  const moving = verdicts.find((verdict) => verdict.moving) ?? hops.find(isOnItsWay);
  const stall = flow.faults[0] ?? lostClaim(flow);
  // What waits for its user is not on its way, whatever else it lacks (kstatus: one or the other).
  if (stall !== undefined) {
    drafts.push({ type: "Stalled", status: "True", reason: stall.reason, message: stall.message });
  } else if (moving !== undefined) {
    drafts.push({ type: "Reconciling", status: "True", reason: "Moving", message: `${moving.hop} is on its way.` });
  }
  if (isolation !== undefined) drafts.push(isolatedOf(isolation, summary));
  drafts.push(publicLegOf(hops));
  return drafts;
}

/** Facts of movement that leave a hop that serves as it is. */
const movements: readonly string[] = ["RollingOut", "StorageGrowing"];

const isOnItsWay = ({ state, facts }: HopStatus) =>
  state === "Progressing" || facts.some((fact) => fact.state === "Progressing" && movements.includes(fact.reason));

function readyOf(hops: readonly HopStatus[], summary: Summary): Draft {
  const { isolation } = summary;
  const broken = hops.find((hop) => hop.state === "Broken");
  if (broken !== undefined) {
    const { hop, reason, message, since } = broken;
    return { type: "Ready", status: "False", reason, message: `${hop}: ${message}`, since };
  }
  const open = hops.find((hop) => !passing.includes(hop.state));
  if (open !== undefined) {
    const { hop, reason, message, since } = open;
    return { type: "Ready", status: "Unknown", reason, message: `${hop}: ${message}`, since };
  }
  const notes = [
    reportedNote(publicLegOf(hops)),
    isolation === undefined ? undefined : reportedNote(isolatedOf(isolation, summary)),
  ];
  const degraded = hops.find((hop) => hop.state === "Degraded");
  const text = [
    "Every hop of the path answers.",
    degraded === undefined ? undefined : `${degraded.hop} is degraded: ${degraded.message}`,
    ...notes,
  ].filter((part) => part !== undefined);
  return { type: "Ready", status: "True", reason: degraded?.reason ?? "PathProven", message: `${text.join(" ")}` };
}

/** A condition that only reports shows in Ready's message as well, so that nobody reads True as more than it is. */
function reportedNote(draft: Draft): string | undefined {
  return draft.status === "True" ? undefined : `${draft.type} is ${draft.status}: ${draft.message}`;
}

function isolatedOf({ status, reason, message }: Isolation, { last, fresh }: Summary): Draft {
  const before = last?.conditions?.find((condition) => condition.type === "DatabaseIsolated");
  if (before !== undefined && fresh && reason === "NotAskedYet") return { ...before };
  const told = { Proven: "True", Violated: "False", Unproven: "Unknown" } as const;
  return { type: "DatabaseIsolated", status: told[status], reason, message };
}

/** The public leg: what was asked from outside of edge and response. */
function publicLegOf(hops: readonly HopStatus[]): Draft {
  const facts = hops
    .filter((hop) => hop.hop === "edge" || hop.hop === "response")
    .flatMap((hop) => hop.facts)
    .filter((fact) => fact.name.startsWith("public-"));
  const worst =
    facts.find((fact) => fact.state === "Broken") ??
    facts.find((fact) => !passing.includes(fact.state)) ??
    facts.find((fact) => fact.state !== "NotApplicable");
  if (worst === undefined) {
    return {
      type: "PublicLeg",
      status: "Unknown",
      reason: "NotAsked",
      message: "Nothing was asked from outside the cluster.",
    };
  }
  const status = worst.state === "Broken" ? "False" : passing.includes(worst.state) ? "True" : "Unknown";
  return { type: "PublicLeg", status, reason: worst.reason, message: worst.message };
}

/**
 * The time of a condition moves only with its status, and is that of the change itself where it is known (Kubernetes
 * API conventions, Conditions); it never goes back.
 */
function stamped({ since, ...draft }: Draft, { flow, last, now }: Summary): Condition {
  const before = last?.conditions?.find((condition) => condition.type === draft.type);
  const moved = [before?.lastTransitionTime ?? "", since ?? rfc3339(now)].sort().at(-1) ?? rfc3339(now);
  const lastTransitionTime = before?.status === draft.status ? before.lastTransitionTime : moved;
  return { ...draft, message: bounded(draft.message), observedGeneration: flow.generation, lastTransitionTime };
}

function verifiedUrl(flow: Flow, hops: readonly HopStatus[]): string | undefined {
  const response = hops.find((hop) => hop.hop === "response");
  const proven =
    response?.state === "Healthy" && response.facts.some((fact) => fact.state === "Healthy" && fact.vantage !== "api");
  return proven ? urlOf(flow) : undefined;
}

export function urlOf(flow: Flow): string {
  const tls = flow.edges.some((edge) => edge.tlsSecret !== undefined);
  return `${tls ? "https" : "http"}://${flow.host}/`;
}

/** What the API server says may be long, and a status with a longer message than the schema takes is refused whole. */
const bounded = (message: string) =>
  message.length <= maxMessage ? message : `${message.slice(0, maxMessage - 4)} ...`;
