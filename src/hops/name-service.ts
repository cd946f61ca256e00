/**
 * Names in the order in which they may be asked: the source of record, then the authoritative servers, then a client's
 * resolver. Nobody is asked for a name that is not yet there: its absence would be remembered.
 */
import type { Question, Settled } from "../probe/question.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow } from "../webflow/types.ts";
import { parseRecords, serialOf } from "../webflow/zone.ts";
import { type Asked, type Phrase, phraseOfOutcome } from "./answers.ts";
import type { Seen } from "./hop.ts";
import { claimProblem, edgeTargets, isAddress, isIPv6 } from "./public.ts";

/** How long name servers may take to read a zone that has changed. */
const loadingMillis = 15_000;
/** A server that has yet to read a zone which has just changed is asked so often whether it has. */
const awaitedMillis = 1_000;
/** A serial in seconds may be this far ahead of the time that it was written at. */
const serialAheadMillis = 1_000;

export const isDelegated = (flow: Flow): boolean => flow.class.dns === "Delegated" && flow.class.zones.length > 0;

const zonesOf = (seen: Seen): Record<string, string> =>
  (seen.get(kinds.ConfigMap, seen.operator.zoneConfigMap, seen.operator.namespace)?.data as
    | Record<string, string>
    | undefined) ?? {};

/** Whether the zone file with the host has changed so lately that the servers may not have read it. */
const isLoading = (seen: Seen, host: string): boolean => isYounger(seen, host, loadingMillis);

/** Whether a resolver may rightly have an old record: the zone has changed within its TTL, and so has its answer. */
export function isCached(flow: Flow, seen: Seen, { host, settled }: { host: string; settled: Settled | undefined }) {
  const mostMillis = flow.class.ttlSeconds * 1000 + loadingMillis;
  return settled !== undefined && seen.now - settled.since < mostMillis && isYounger(seen, host, mostMillis);
}

function isYounger(seen: Seen, host: string, mostMillis: number): boolean {
  const file = Object.values(zonesOf(seen)).find((text) =>
    text.split("\n").some((line) => line.startsWith(`${host}. `)),
  );
  const serial = serialOf(file ?? "");
  const age = serial === undefined ? undefined : seen.now - serial * 1000;
  return age !== undefined && age >= -serialAheadMillis && age < mostMillis;
}

/** Hosts that the source of record has with exactly the edge's targets. */
export function recordedHosts(flow: Flow, seen: Seen): string[] {
  const targets = edgeTargets(flow, seen);
  if (targets.length === 0) return [];
  const records = parseRecords(zonesOf(seen));
  return flow.hosts.filter((host) => String([...(records.get(host) ?? [])].sort()) === String(targets));
}

export const isRecorded = (flow: Flow, seen: Seen): boolean => recordedHosts(flow, seen).length === flow.hosts.length;

export type RecordType = "A" | "AAAA";

/** A host name behind the record may have both kinds; the older one is asked for. */
export function recordTypes(targets: readonly string[]): RecordType[] {
  const types = targets.map((target): RecordType => (isIPv6(target) ? "AAAA" : "A"));
  return [...new Set(types)].sort();
}

interface NameQuestion {
  host: string;
  server: string;
  question: Question;
}

export function authoritativeQuestions(flow: Flow, seen: Seen): NameQuestion[] {
  if (!isDelegated(flow) || claimProblem(flow) !== undefined) return [];
  const types = recordTypes(edgeTargets(flow, seen));
  return recordedHosts(flow, seen).flatMap((host) =>
    seen.operator.dnsServers.flatMap(({ name, address, port }) =>
      types.map((rrtype) => {
        const key = `dns/authoritative/${address}:${port}/${host}/${rrtype}`;
        const ask = { type: "dns" as const, server: address, port, name: host, rrtype, recurse: false };
        const isAwaited = isLoading(seen, host) && seen.answer(key)?.settled !== "ok";
        const everyMillis = isAwaited ? Math.min(awaitedMillis, flow.class.roundMillis) : flow.class.roundMillis;
        return {
          host,
          server: name,
          question: { key, hop: "dns" as const, vantage: { at: "operator" as const }, ask, everyMillis },
        };
      }),
    ),
  );
}

/** Whether a name server has yet to say anything of a host, as after a start: nothing is known then, good or bad. */
export const isUnanswered = (flow: Flow, seen: Seen): boolean =>
  authoritativeQuestions(flow, seen).some(({ question }) => seen.answer(question.key) === undefined);

/** An authoritative server that leads an alias on out of its zone has no address of its own for it, and is right. */
export function asked(
  name: { subject: string; vantage: string; targets: readonly string[]; authoritative: boolean },
  settled: Settled | undefined,
): Asked {
  const { subject, vantage, targets, authoritative } = name;
  const isAlias = !targets.some(isAddress);
  if (settled !== undefined && isAlias && authoritative && settled.settled === "nodata") {
    return { subject, vantage, settled, objection: phraseOfOutcome("ok") };
  }
  return { subject, vantage, settled, objection: settled === undefined ? undefined : objectionTo(settled, targets) };
}

function objectionTo({ settled, said }: Settled, targets: readonly string[]): Phrase | undefined {
  if (settled !== "ok" || !targets.some(isAddress)) return undefined;
  const strange = (said.addresses ?? []).filter((address) => !targets.includes(address));
  if (strange.length === 0) return undefined;
  return {
    state: "Broken",
    reason: "WrongAddress",
    words: `it leads to ${strange.join(", ")} instead of ${targets.join(", ")}`,
  };
}

/** What a server that has not read the zone yet says of a name in it. */
const unreadOutcomes: readonly string[] = ["nxdomain", "nodata", "not-authoritative", "refused"];

/**
 * A server's answer, judged as one of a zone that may still be on its way to it. Other changes of the zone excuse no
 * answer that has been wrong for longer than a server may take.
 */
function serverAsked(flow: Flow, seen: Seen, { host, server, question }: NameQuestion): Asked {
  const targets = edgeTargets(flow, seen);
  const settled = seen.answer(question.key);
  const subject = `Host ${host} at name server ${server}`;
  const found = asked({ subject, vantage: "operator", targets, authoritative: true }, settled);
  if (settled === undefined || !isLoading(seen, host)) return found;
  const isOutdated = found.objection?.reason === "WrongAddress";
  const isUnread = found.objection === undefined && isUnreadBy(settled) && seen.now - settled.since < loadingMillis;
  return isOutdated || isUnread ? { ...found, objection: notLoadedYet } : found;
}

/**
 * A server without the zone refuses to answer, which is told apart from failing by the last answer's words alone; where
 * that one is something else already, it has just begun to know the zone.
 */
const isUnreadBy = ({ settled, answer }: Settled): boolean => {
  const isRefusal = answer.outcome !== "servfail" || /\bREFUSED\b/.test(answer.detail);
  return unreadOutcomes.includes(settled) || (settled === "servfail" && isRefusal);
};

const notLoadedYet: Phrase = {
  state: "Progressing",
  reason: "NotLoadedYet",
  words: "the zone has just changed and the name server has not read it yet",
};

/** What the authoritative servers say of one host. */
export const serversAsked = (flow: Flow, seen: Seen, host: string): Asked[] =>
  authoritativeQuestions(flow, seen)
    .filter((one) => one.host === host)
    .map((one) => serverAsked(flow, seen, one));

/** Whether a resolver that is asked now will learn every host, and no absence. */
export function isPublished(flow: Flow, seen: Seen): boolean {
  return flow.hosts.every((host) => {
    const answers = serversAsked(flow, seen, host);
    const isKnown = answers.some(({ settled }) => settled !== undefined && ["ok", "nodata"].includes(settled.settled));
    return isKnown && !answers.some(({ objection }) => objection === notLoadedYet);
  });
}

/** Whether a server has yet to read the zone that holds one of the hosts. */
export const isLoadingAny = (flow: Flow, seen: Seen): boolean =>
  flow.hosts.some((host) => serversAsked(flow, seen, host).some(({ objection }) => objection === notLoadedYet));
