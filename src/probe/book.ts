/**
 * Answers -> verdicts that one lost packet does not move. `settle` is the rule, pure; AnswerBook remembers what it
 * needs: for each question of each flow the last few answers and what they settled on.
 */
import { type Answer, isUnasked, type Outcome, type Said, type Settled } from "./question.ts";

/** So many of the last so many answers move what is settled. */
export const rule = { k: 2, n: 3 } as const;

interface Mark {
  outcome: Outcome;
  said: string;
  at: number;
}

export interface Entry extends Settled {
  /** The last answers since the outcome settled, oldest first, at most n. */
  recent: readonly Mark[];
}

/**
 * From well to ill, to not asked, or back: k of the last n answers are on that other side; so for saying something else
 * while well. From one illness to another: the last k all name the new one, so that a pod that is now refused, now late,
 * does not change its verdict with every answer. A first answer that is not well waits for a second one.
 */
export function settle(previous: Entry | undefined, answer: Answer): Entry {
  const mark: Mark = { outcome: answer.outcome, said: saidText(saidIn(answer)), at: answer.at };
  const well = isWell(answer.outcome);
  const common = { answer, ...timesOf(previous, answer) };
  const anew = (since: number, unconfirmed = false): Entry => ({
    ...common,
    ...{ settled: answer.outcome, said: saidIn(answer), since, wavering: unconfirmed, unconfirmed, recent: [mark] },
  });
  if (previous === undefined || (previous.unconfirmed && well)) return anew(answer.at, !well);
  const recent = [...previous.recent, mark].slice(-rule.n);
  const [first, ...more] = contraryRun(previous, recent);
  if (first !== undefined && more.length + 1 >= rule.k) return anew(first.at);
  const { settled, said, since } = previous;
  return { ...common, settled, said, since, wavering: differs(previous, mark), unconfirmed: false, recent };
}

function timesOf(previous: Entry | undefined, { outcome, at }: Answer): Pick<Settled, "wellAt" | "illAt"> {
  const side = sideOf(outcome);
  const wellAt = side === "well" ? at : previous?.wellAt;
  const illAt = side === "ill" ? at : previous?.illAt;
  return { ...(wellAt === undefined ? {} : { wellAt }), ...(illAt === undefined ? {} : { illAt }) };
}

function contraryRun(previous: Entry, recent: readonly Mark[]): Mark[] {
  const last = recent.at(-1);
  if (last === undefined || !differs(previous, last)) return [];
  const side = sideOf(last.outcome);
  if (side !== sideOf(previous.settled)) return recent.filter((mark) => sideOf(mark.outcome) === side);
  if (side === "well") return recent.filter((mark) => isWell(mark.outcome) && differs(previous, mark));
  const lastFew = recent.slice(-rule.k);
  return lastFew.every((mark) => mark.outcome === last.outcome && mark.said === last.said) ? lastFew : [];
}

const differs = ({ settled, said }: Entry, mark: Mark) => mark.outcome !== settled || mark.said !== saidText(said);

function saidIn({ flow, addresses, status }: Answer): Said {
  return {
    ...(flow === undefined ? {} : { flow }),
    ...(addresses === undefined ? {} : { addresses }),
    ...(status === undefined ? {} : { statusClass: Math.floor(status / 100) }),
  };
}

const saidText = ({ flow, addresses, statusClass }: Said) => JSON.stringify([flow, addresses, statusClass]);

export const isWell = (outcome: Outcome) => outcome === "ok";

const sideOf = (outcome: Outcome) => (isWell(outcome) ? "well" : isUnasked(outcome) ? "unasked" : "ill");

/**
 * A change of sides, and a first answer that is not well, are confirmed or taken back within a second; what is said
 * otherwise is asked about once, since a service may say something else each time.
 */
export function isUrgent(previous: Entry | undefined, next: Entry): boolean {
  if (previous === undefined) return next.unconfirmed;
  if (!next.wavering) return false;
  return sideOf(next.answer.outcome) !== sideOf(next.settled) || !previous.wavering;
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
