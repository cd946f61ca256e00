/**
 * Answers -> facts. One table says what each outcome means to a person; one rule says what many answers on one subject
 * come to: one that fails among others that answer degrades, and only when none answers is the subject broken.
 */
import type { Outcome, Settled } from "../probe/question.ts";
import type { Reason } from "../webflow/reasons.ts";
import type { Fact, State } from "../webflow/types.ts";
import { type About, fact, listed, notAskedYet } from "./facts.ts";

export interface Phrase {
  state: State;
  reason: Reason;
  /** A clause without a number that moves. */
  words: string;
}

const broken = (reason: Reason, words: string): Phrase => ({ state: "Broken", reason, words });
const unknown = (reason: Reason, words: string): Phrase => ({ state: "Unknown", reason, words });

const phrases: Readonly<Record<Outcome, Phrase>> = {
  ok: { state: "Healthy", reason: "Answers", words: "it answers" },
  refused: broken("ConnectionRefused", "the connection is refused"),
  timeout: broken("TimedOut", "no answer comes in time"),
  unreachable: broken("Unreachable", "no route leads there"),
  reset: broken("ConnectionReset", "the connection is closed without an answer"),
  nxdomain: broken("NameNotFound", "the name does not exist"),
  servfail: broken("NameServerFailed", "the name server fails"),
  nodata: broken("NoAddressRecord", "the name has no address"),
  "not-authoritative": broken("NotAuthoritative", "the name server does not hold the zone"),
  tls: broken("TlsFailed", "the TLS handshake fails, or the certificate is not right for the host"),
  status: broken("WrongStatus", "the status is wrong"),
  slow: broken("TooSlow", "the answer is right but comes later than allowed"),
  truncated: broken("Truncated", "the answer ends before its end"),
  protocol: broken("NotHttp", "what answers does not speak the protocol"),
  auth: broken("WrongPassword", "the credentials are refused"),
  database: broken("DatabaseError", "the database answers with an error"),
  missing: broken("NotFound", "it does not exist"),
  open: broken("CanaryOpen", "the canary that is to be closed is open"),
  control: unknown("CanaryClosed", "the canary that is to be open is closed"),
  vantage: unknown("VantageUnreachable", "the vantage itself could not be asked"),
  forbidden: unknown("NotPermitted", "the operator may not ask this"),
  error: unknown("ProbeFailed", "the question could not be asked"),
};

/** What the settled outcome means, with the class of a status. */
export function phraseOf({ settled, said: { statusClass } }: Settled): Phrase {
  const phrase = phrases[settled];
  if (settled !== "status" || statusClass === undefined) return phrase;
  return { ...phrase, words: `${phrase.words} (${statusClass}xx)` };
}

export const phraseOfOutcome = (outcome: Outcome): Phrase => phrases[outcome];

/** One question as asked, and whom or what it asked. */
export interface Asked {
  subject: string;
  settled: Settled | undefined;
  vantage: string;
  /** Judges the answer further than its outcome; undefined: nothing more to say against it. */
  objection?: Phrase | undefined;
}

export interface Saying {
  reason: Reason;
  message: string;
  /** What to do when it fails. */
  remedy?: string;
}

interface Standing extends Asked {
  settled: Settled;
  phrase: Phrase;
}

/** Where it is not the settled outcome that speaks, only the last answer's time is known. */
const sinceOf = ({ settled, objection }: Standing): number =>
  objection === undefined ? settled.since : settled.answer.at;

/** Many answers on one subject -> one fact, seen from the vantage that decides it. */
export function combine(about: About, asked: readonly Asked[], well: Saying): Fact {
  const standings = asked.flatMap((one): Standing[] =>
    one.settled === undefined ? [] : [{ ...one, settled: one.settled, phrase: one.objection ?? phraseOf(one.settled) }],
  );
  const first = (state: State) => standings.find((standing) => standing.phrase.state === state);
  const [good, bad, open, moving] = [first("Healthy"), first("Broken"), first("Unknown"), first("Progressing")];
  const from = (standing: Standing, since = sinceOf(standing)) => fact({ ...about, vantage: standing.vantage, since });
  if (bad !== undefined) {
    const alike = standings.filter(({ phrase }) => phrase.reason === bad.phrase.reason);
    const message = `${listed(alike.map(({ subject }) => subject))}: ${bad.phrase.words}${advice(well)}`;
    const times = alike.map(sinceOf);
    // Degraded since the first of them fails, Broken since the last one does.
    if (good !== undefined) return from(bad, Math.min(...times)).degraded(bad.phrase.reason, message);
    return from(bad, Math.max(...times)).broken(bad.phrase.reason, message);
  }
  if (moving !== undefined) {
    return from(moving).progressing(moving.phrase.reason, `${moving.subject}: ${moving.phrase.words}.`);
  }
  if (good !== undefined) return from(good, Math.max(...standings.map(sinceOf))).healthy(well.reason, well.message);
  if (open !== undefined) return from(open).unknown(open.phrase.reason, `${open.subject}: ${open.phrase.words}.`);
  return fact({ ...about, vantage: asked[0]?.vantage ?? about.vantage ?? "api" }).progressing(
    notAskedYet,
    "No answer has come yet.",
  );
}

const advice = ({ remedy }: Saying) => (remedy === undefined ? "." : `; ${remedy}.`);

/** Where something is merely reported, not knowing it does not hold the hop up. */
export function reportedUnless(required: boolean, found: Fact): Fact {
  const open = found.state === "Unknown" || found.state === "Progressing";
  return open && !required ? { ...found, required: false } : found;
}
