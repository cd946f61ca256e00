/** A question in the prober's hands. */
import type { Question } from "./question.ts";

export interface Task {
  readonly flowKey: string;
  question: Question;
  due: number;
  state: "idle" | "waiting" | "asking" | "gone";
  controller?: AbortController;
  waiters: (() => void)[];
}

export interface FlowTasks {
  readonly tasks: Map<string, Task>;
  round?: { started: number; done: Promise<void> };
}

export const idOf = (task: Task) => `${task.flowKey} ${task.question.key}`;
/** Asked through a function, since the state moves while an answer is awaited. */
export const isGone = (task: Task) => task.state === "gone";

export function release(task: Task): void {
  for (const resolve of task.waiters.splice(0)) resolve();
}

/** A handshake from the allowed identity is a Job, and a writing check writes: neither is asked for the asking. */
export const mayBeAskedAnyTime = ({ question }: Pick<Task, "question">) =>
  question.writes !== true && question.vantage.at !== "database-client";

export function sameQuestion(one: Question, other: Question): boolean {
  return (
    JSON.stringify([one.ask, one.vantage, one.writes]) === JSON.stringify([other.ask, other.vantage, other.writes])
  );
}
