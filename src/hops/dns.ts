/**
 * The owner's name servers: does each host's name lead to the edge? Judges the record from its source to a client's
 * resolver, never what stands at the address. Desires nothing: one writer makes the zones of all flows.
 */
import type { Question } from "../probe/question.ts";
import * as kinds from "../webflow/kinds.ts";
import { passedThrough } from "../webflow/reasons.ts";
import type { Fact, Flow } from "../webflow/types.ts";
import { combine, type Phrase, reportedUnless, type Saying } from "./answers.ts";
import { type About, fact, listed, named, notAskedYet, unwrittenState, worst } from "./facts.ts";
import type { Hop, Seen } from "./hop.ts";
import {
  asked,
  authoritativeQuestions,
  isCached,
  isDelegated,
  isPublished,
  isRecorded,
  recordedHosts,
  recordTypes,
  serversAsked,
} from "./name-service.ts";
import { claimFacts, claimProblem, edgeTargets, ingressOf, isLegRequired, outside, vantagesOf } from "./public.ts";
import { isNew } from "./shapes.ts";

export const dns: Hop = {
  name: "dns",
  watches: [kinds.ConfigMap, kinds.Ingress],

  asks(flow, seen) {
    if (!isDelegated(flow) || claimProblem(flow) !== undefined) return [];
    return [...authoritativeQuestions(flow, seen), ...resolverQuestions(flow, seen)].map(({ question }) => question);
  },

  judge(flow, seen) {
    const claim = claimFacts(flow, "dns");
    if (claim !== undefined) return claim;
    if (!isDelegated(flow)) {
      const why = flow.class.zones.length === 0 ? "the class has no zones" : "the class's DNS mode is None";
      return [fact("record").notApplicable("NotDelegated", `No name server is told of the hosts, since ${why}.`)];
    }
    if (edgeTargets(flow, seen).length === 0) {
      return [noAddress(flow, seen)];
    }
    return [recordFact(flow, seen), authoritativeFact(flow, seen), ...resolverFacts(flow, seen)];
  },
};

function noAddress(flow: Flow, seen: Seen): Fact {
  const ingress = ingressOf(flow, seen);
  const message = "There is no address for the names to lead to.";
  if (ingress === undefined || isNew(ingress, seen.now)) return fact("record").progressing("AddressPending", message);
  return fact("record").unknown("WaitsForEdge", message);
}

function recordFact(flow: Flow, seen: Seen): Fact {
  const { zoneConfigMap, namespace } = seen.operator;
  const about = fact({ name: "record", refs: [{ kind: kinds.ConfigMap.kind, name: zoneConfigMap }] });
  const source = `${named(kinds.ConfigMap, zoneConfigMap)} in namespace ${namespace}`;
  const recorded = recordedHosts(flow, seen);
  const missing = flow.hosts.filter((host) => !recorded.includes(host));
  if (missing.length === 0) return about.healthy("Recorded", `${source} leads each host to the edge.`);
  const failure = seen.failure(kinds.ConfigMap, zoneConfigMap);
  if (failure !== undefined) {
    const message = `${source} could not be written: ${failure.message}`;
    return about.is(unwrittenState(failure), passedThrough(failure.reason), message);
  }
  return about.progressing("RecordPending", `${source} does not yet lead ${listed(missing)} to the edge.`);
}

function authoritativeFact(flow: Flow, seen: Seen): Fact {
  const about: About = { name: "authoritative" };
  const { dnsServers, namespace } = seen.operator;
  if (dnsServers.length === 0) return noServer(flow, seen, namespace);
  const recorded = recordedHosts(flow, seen);
  const [first, ...more] = recorded.map((host) => combine(about, serversAsked(flow, seen, host), rightAnswer));
  if (first === undefined) return fact(about).progressing(notAskedYet, "Not asked before the record is there.");
  return worst([first, ...more]);
}

function noServer(flow: Flow, seen: Seen, namespace: string): Fact {
  const ingress = ingressOf(flow, seen);
  const starting = ingress === undefined || isNew(ingress, seen.now);
  const message = `No name server of ours is ready in namespace ${namespace}: look at its pods there.`;
  return fact("authoritative").is(starting ? "Progressing" : "Broken", "NoNameServer", message);
}

const rightAnswer: Saying = {
  reason: "Authoritative",
  message: "The authoritative name servers lead each host to the edge.",
  remedy: "see the name server's pods and the zones that they have read",
};

interface ResolverQuestion {
  host: string;
  vantage: string;
  resolver: string;
  question: Question;
}

function resolverQuestions(flow: Flow, seen: Seen): ResolverQuestion[] {
  const types = recordTypes(edgeTargets(flow, seen));
  const all = vantagesOf(flow).flatMap((vantage) => {
    const { name, resolver } = vantage;
    if (resolver === undefined) return [];
    return flow.hosts.flatMap((host) =>
      types.map((rrtype): ResolverQuestion => {
        const key = `dns/resolver/${name}/${resolver}/${host}/${rrtype}`;
        const ask = { type: "dns" as const, server: resolver, port: 53, name: host, rrtype, recurse: true };
        const everyMillis = flow.class.roundMillis;
        return {
          host,
          vantage: name,
          resolver,
          question: { key, hop: "dns", vantage: outside(vantage), ask, everyMillis },
        };
      }),
    );
  });
  return all.filter(({ question }) => mayResolve(flow, seen, question.key));
}

/** Once a resolver has been asked it goes on being asked while the record stands. */
function mayResolve(flow: Flow, seen: Seen, key: string): boolean {
  return isPublished(flow, seen) || (isRecorded(flow, seen) && seen.answer(key) !== undefined);
}

function resolverFacts(flow: Flow, seen: Seen): Fact[] {
  if (vantagesOf(flow).every(({ resolver }) => resolver === undefined)) return [];
  const about: About = { name: "resolver" };
  const targets = edgeTargets(flow, seen);
  const groups = Map.groupBy(resolverQuestions(flow, seen), ({ vantage, host }) => `${vantage} ${host}`);
  const [first, ...more] = [...groups.values()].map((group) => {
    const answers = group.map(({ host, vantage, resolver, question }) => {
      const said = { subject: `Host ${host} at resolver ${resolver}`, vantage, targets, authoritative: false };
      const settled = seen.answer(question.key);
      const found = asked(said, settled);
      const mayBeCached = found.objection?.reason === "WrongAddress" && isCached(flow, seen, { host, settled });
      return mayBeCached ? { ...found, objection: cachedYet } : found;
    });
    return combine(about, answers, rightResolution);
  });
  const unasked = fact(about).progressing(notAskedYet, "Not asked before an authoritative server knows every host.");
  return [reportedUnless(isLegRequired(flow), first === undefined ? unasked : worst([first, ...more]))];
}

const cachedYet: Phrase = {
  state: "Progressing",
  reason: "CachedYet",
  words: "the record has just changed, and a resolver may keep the old one for its TTL",
};

const rightResolution: Saying = {
  reason: "Resolved",
  message: "A client's resolver outside leads each host to the edge.",
  remedy: "see that the zone is delegated to our name servers, and that the resolver reaches them",
};
