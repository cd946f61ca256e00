/** One question put to its vantage. Always answers: an asker that throws or hangs is an answer as well. */
import type { Clock } from "../kernel/run/clock.ts";
import { failureOf, printable } from "./failure.ts";
import type { Answer, Question, Vantage } from "./question.ts";

export type At = Vantage["at"];
export type Asker = (question: Question, flowKey: string, signal: AbortSignal) => Promise<Answer>;
export type Askers = Readonly<Record<At, Asker>>;

export interface Asking {
  question: Question;
  flowKey: string;
  controller: AbortController;
  /** An asker that has not answered by then is given up. */
  mostMillis: number;
}

export async function answerOf(askers: Askers, asking: Asking, clock: Clock): Promise<Answer> {
  const { question, flowKey, controller, mostMillis } = asking;
  const begun = clock.monotonic();
  const failed = (outcome: Answer["outcome"], detail: string): Answer => ({
    outcome,
    detail: printable(detail),
    at: clock.now(),
    millis: Math.round(clock.monotonic() - begun),
  });
  let cancel = (): void => {};
  const late = new Promise<Answer>((resolve) => {
    cancel = clock.after(mostMillis, () => resolve(failed("vantage", "the vantage did not answer in time")));
  });
  try {
    return await Promise.race([askers[question.vantage.at](question, flowKey, controller.signal), late]);
  } catch (error) {
    const { outcome, detail } = failureOf(error);
    return failed(outcome, detail);
  } finally {
    cancel();
    controller.abort();
  }
}
