/**
 * Answers -> verdicts that one lost packet does not move. `settle` is the rule, pure; AnswerBook remembers what it
 * needs: for each question of each flow the last few answers and what they settled on.
 */
import type { Answer, Outcome, Settled } from "./question.ts";

/** So many of the last so many answers move what is settled. */
export const rule = { k: 2, n: 3 } as const;

interface Mark {
  outcome: Outcome;
  at: number;
}

export interface Entry extends Settled {
  /** The last answers since the outcome settled, oldest first, at most n. */
  recent: readonly Mark[];
}

/**
 * From well to ill or back: k of the last n answers are on the other side. From one illness to another: the last k all
 * name the new one, so that a pod that is now refused, now late, does not change its verdict with every answer.
 */
export function settle(previous: Entry | undefined, answer: Answer): Entry {
  const mark: Mark = { outcome: answer.outcome, at: answer.at };
  if (previous === undefined) {
    return { answer, settled: answer.outcome, since: answer.at, wavering: false, recent: [mark] };
  }
  const recent = [...previous.recent, mark].slice(-rule.n);
  const contrary = contraryRun(previous.settled, recent);
  const first = contrary[0];
  if (first !== undefined && contrary.length >= rule.k) {
    return { answer, settled: answer.outcome, since: first.at, wavering: false, recent: [mark] };
  }
  return {
    answer,
    settled: previous.settled,
    since: previous.since,
    wavering: answer.outcome !== previous.settled,
    recent,
  };
}

function contraryRun(settled: Outcome, recent: readonly Mark[]): Mark[] {
  const last = recent.at(-1);
  if (last === undefined || last.outcome === settled) return [];
  if (isWell(last.outcome) !== isWell(settled)) {
    return recent.filter((mark) => isWell(mark.outcome) !== isWell(settled));
  }
  const lastFew = recent.slice(-rule.k);
  return lastFew.every((mark) => mark.outcome === last.outcome) ? lastFew : [];
}

export const isWell = (outcome: Outcome) => outcome === "ok";

/** A change of sides, or a first answer that is not well, is confirmed or taken back within a second. */
export function isUrgent(previous: Entry | undefined, next: Entry): boolean {
  if (previous === undefined) return !isWell(next.settled);
  return next.wavering && isWell(next.answer.outcome) !== isWell(next.settled);
}

export class AnswerBook {
  readonly #flows = new Map<string, Map<string, Entry>>();

  get(flowKey: string, key: string): Entry | undefined {
    return this.#flows.get(flowKey)?.get(key);
  }

  /** What was before and what is now. */
  add(flowKey: string, key: string, answer: Answer): { previous: Entry | undefined; next: Entry } {
    const answers = this.#flows.get(flowKey) ?? new Map<string, Entry>();
    this.#flows.set(flowKey, answers);
    const previous = answers.get(key);
    const next = settle(previous, answer);
    answers.set(key, next);
    return { previous, next };
  }

  /** What was kept elsewhere while the question was away. */
  restore(flowKey: string, key: string, entry: Entry): void {
    const answers = this.#flows.get(flowKey) ?? new Map<string, Entry>();
    this.#flows.set(flowKey, answers);
    answers.set(key, entry);
  }

  drop(flowKey: string, key: string): void {
    const answers = this.#flows.get(flowKey);
    answers?.delete(key);
    if (answers?.size === 0) this.#flows.delete(flowKey);
  }

  forget(flowKey: string): void {
    this.#flows.delete(flowKey);
  }
}
