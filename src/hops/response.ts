/**
 * The way back: each check as a whole request from outside, by name where names are ours, comes back right and in time.
 * Judges the path as a person meets it; it leans on every other hop.
 */
import type { HttpAsk, Question, Settled } from "../probe/question.ts";
import type { Vantage } from "../webflow/class-schema.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Fact, Flow, FlowCheck } from "../webflow/types.ts";
import { type Asked, combine, phraseOfOutcome, reportedUnless, type Saying } from "./answers.ts";
import { fact, notAskedYet } from "./facts.ts";
import type { Hop, Seen } from "./hop.ts";
import { isDelegated, isLoadingAny, isPublished, isRecorded, isUnanswered } from "./name-service.ts";
import { isReady, webPods } from "./pods.ts";
import {
  claimFacts,
  claimProblem,
  doorOf,
  edgeAddresses,
  edgeTargets,
  ingressOf,
  isLegRequired,
  outside,
  unseenFact,
  vantagesOf,
} from "./public.ts";
import { isNew } from "./shapes.ts";

export const response: Hop = {
  name: "response",
  watches: [kinds.Ingress, kinds.ConfigMap, kinds.Deployment, kinds.ReplicaSet, kinds.Pod],

  asks(flow, seen) {
    if (claimProblem(flow) !== undefined) return [];
    return flow.checks.flatMap((check) =>
      mayAsk(check, flow, seen)
        ? vantagesFor(check, flow).flatMap((vantage) => questionOf(check, vantage, { flow, seen }))
        : [],
    );
  },

  judge(flow, seen) {
    const claim = claimFacts(flow, "response");
    if (claim !== undefined) return claim;
    if (vantagesOf(flow).length === 0) return [unseenFact(flow, "public-checks")];
    return flow.checks.map((check) => checkFact(check, flow, seen));
  },
};

interface Path {
  flow: Flow;
  seen: Seen;
}

const keyOf = (check: FlowCheck, vantage: string) => `response/${check.name}/${vantage}`;

/** A check that writes is asked from one vantage: once per period is once. */
const vantagesFor = (check: FlowCheck, flow: Flow): readonly Vantage[] =>
  check.writes ? vantagesOf(flow).slice(0, 1) : vantagesOf(flow);

/** A check that writes is asked so rarely that it waits for somebody who could answer it. */
const mayAsk = (check: FlowCheck, flow: Flow, seen: Seen) => !check.writes || webPods(flow, seen).some(isReady);

function questionOf(check: FlowCheck, vantage: Vantage, { flow, seen }: Path): Question[] {
  const way = wayTo(check, vantage, { flow, seen });
  if (way === undefined) return [];
  const { port, tlsSecret } = doorOf(flow);
  const ask: HttpAsk = {
    type: "http",
    ...way,
    port,
    check: check.name,
    ...(tlsSecret === undefined ? {} : { tls: flow.host }),
    host: flow.host,
    method: check.method,
    path: check.path,
    ...(check.body === undefined ? {} : { body: { ...check.body } }),
    ...(check.status === undefined ? {} : { status: [...check.status] }),
    withinMillis: check.withinMillis,
  };
  const key = keyOf(check, vantage.name);
  const writes = check.writes ? { writes: true } : {};
  return [{ key, hop: "response", vantage: outside(vantage), ask, everyMillis: check.everyMillis, ...writes }];
}

/**
 * By name where the name is ours and already there, else to the address itself. Once a name has been asked for it goes
 * on being asked while its record stands: that the name servers are gone is then part of the answer.
 */
function wayTo(
  check: FlowCheck,
  vantage: Vantage,
  { flow, seen }: Path,
): Pick<HttpAsk, "resolver" | "address"> | undefined {
  const { name, resolver } = vantage;
  const [address] = edgeAddresses(flow, seen);
  if (!isDelegated(flow) || resolver === undefined) return address === undefined ? undefined : { address };
  const known = isRecorded(flow, seen) && seen.answer(keyOf(check, name)) !== undefined;
  return known || isPublished(flow, seen) ? { resolver } : undefined;
}

function checkFact(check: FlowCheck, flow: Flow, seen: Seen): Fact {
  const { tlsSecret } = doorOf(flow);
  const subject = `${check.method} ${tlsSecret === undefined ? "http" : "https"}://${flow.host}${check.path}`;
  const askable = vantagesFor(check, flow).some((vantage) => wayTo(check, vantage, { flow, seen }) !== undefined);
  if (!askable) return reportedUnless(isLegRequired(flow), waiting(check, flow, seen));
  const asked = vantagesFor(check, flow).map((vantage): Asked => {
    const settled = seen.answer(keyOf(check, vantage.name));
    return { subject, vantage: vantage.name, settled, objection: check.writes ? lastWord(settled) : undefined };
  });
  const well: Saying = { reason: "ComesBack", message: `${subject} comes back right and in time.` };
  return reportedUnless(isLegRequired(flow), combine({ name: `public-${check.name}` }, asked, well));
}

function waiting(check: FlowCheck, flow: Flow, seen: Seen): Fact {
  const about = fact(`public-${check.name}`);
  const ingress = ingressOf(flow, seen);
  if (ingress === undefined || isNew(ingress, seen.now)) {
    return about.progressing(notAskedYet, "Not asked before the hosts have an address and their names lead to it.");
  }
  if (edgeTargets(flow, seen).length === 0)
    return about.unknown("WaitsForEdge", "Not asked, since there is no address.");
  if (isUnanswered(flow, seen)) {
    return about.progressing(notAskedYet, "Not asked before the name servers have answered for every host.");
  }
  if (isLoadingAny(flow, seen)) {
    return about.progressing(
      notAskedYet,
      "Not asked before the name servers have read the zones that have just changed.",
    );
  }
  return about.unknown("WaitsForDns", "Not asked, since the names do not lead to the address.");
}

/** Asked so rarely, the last answer is all there is. */
const lastWord = (settled: Settled | undefined) =>
  settled === undefined ? undefined : phraseOfOutcome(settled.answer.outcome);
