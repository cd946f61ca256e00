/**
 * What is remembered of questions that write, which are asked so rarely that an answer lost would be missed for long:
 * when each may be asked again, and the answer of one that nobody wants just now, kept until then in case it comes back
 * unchanged.
 */
import { type Entry, settle } from "./book.ts";
import type { Answer, Question } from "./question.ts";
import { sameQuestion } from "./task.ts";

interface Aside {
  question: Question;
  entry: Entry | undefined;
}

/** By flow and question. All times are monotonic. */
export class Writes {
  readonly #next = new Map<string, number>();
  readonly #aside = new Map<string, Aside>();

  /** Not to be asked before. */
  notBefore(id: string): number {
    return this.#next.get(id) ?? 0;
  }

  asked(id: string, now: number, again: number): void {
    this.#clear(now);
    this.#next.set(id, again);
  }

  /** Wanted no more for now; false: nothing was asked that an answer could be kept of. */
  setAside(id: string, now: number, aside: Aside): boolean {
    this.#clear(now);
    if (!this.#next.has(id)) return false;
    this.#aside.set(id, aside);
    return true;
  }

  /** Wanted again: what it was answered, if it asks the same; if it asks something else, that is soon asked anew. */
  takeBack(id: string, now: number, anew: { question: Question; notBefore: number }): Entry | undefined {
    this.#clear(now);
    const aside = this.#aside.get(id);
    if (aside === undefined) return undefined;
    this.#aside.delete(id);
    if (sameQuestion(aside.question, anew.question)) return aside.entry;
    this.askAnew(id, anew.notBefore);
    return undefined;
  }

  /** It asks something else now: the period of what was asked before does not hold it up. */
  askAnew(id: string, notBefore: number): void {
    this.#aside.delete(id);
    const due = this.#next.get(id);
    if (due !== undefined) this.#next.set(id, Math.min(due, notBefore));
  }

  /** An answer to a question that was set aside while it was being asked. */
  answered(id: string, question: Question, answer: Answer): void {
    const aside = this.#aside.get(id);
    if (aside !== undefined && sameQuestion(aside.question, question)) aside.entry = settle(aside.entry, answer);
  }

  /** As if nothing had been asked of the flow, but for a pause: who makes and removes it all the time is not obeyed. */
  forget(flowKey: string, notBefore: number): void {
    for (const id of this.#next.keys()) if (id.startsWith(`${flowKey} `)) this.askAnew(id, notBefore);
  }

  #clear(now: number): void {
    for (const [id, due] of this.#next) {
      if (due > now) continue;
      this.#next.delete(id);
      this.#aside.delete(id);
    }
  }
}
