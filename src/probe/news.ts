/**
 * Which answers may move a verdict: a first one, a change of what is settled or of wavering, and a change of what a
 * verdict rests on besides. Times never do.
 */
import type { Answer, Question, Settled } from "./question.ts";

export function newsIn(question: Question, previous: Settled | undefined, next: Settled): boolean {
  if (previous === undefined) return true;
  if (previous.settled !== next.settled || previous.wavering !== next.wavering) return true;
  if (previous.unconfirmed !== next.unconfirmed || previous.since !== next.since) return true;
  return evidence(question, previous.answer) !== evidence(question, next.answer);
}

function evidence(question: Question, answer: Answer): string {
  return JSON.stringify([
    answer.outcome,
    answer.addresses,
    answer.status,
    answer.flow,
    answer.notAfter,
    podOf(question, answer),
  ]);
}

/**
 * Which pod answered is evidence where a pod was asked at its own address. Through the whole path another one answers
 * each time: that is the load balancer's work and no news.
 */
function podOf({ vantage }: Question, answer: Answer): string | undefined {
  return vantage.at === "operator" ? answer.pod : undefined;
}
