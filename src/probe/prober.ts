/**
 * Keeps every wanted question asked. One heap and one timer for all of them; so many in flight at once and no more, in
 * all and for each vantage; whatever an asker does, its question is asked again in time. What was answered is kept in
 * memory and `onChange` tells when it matters. A writing question is asked once per period and never sooner.
 */
import type { Clock } from "../kernel/run/clock.ts";
import { type Askers, answerOf } from "./asker.ts";
import { AnswerBook, type Entry, isUrgent, isWell } from "./book.ts";
import { Heap } from "./heap.ts";
import { Lanes } from "./lanes.ts";
import { type Limits, laneOf, usualLimits } from "./limits.ts";
import { newsIn } from "./news.ts";
import { type Answer, isUnasked, type Question, type Settled } from "./question.ts";
import { type FlowTasks, idOf, isGone, mayBeAskedAnyTime, release, sameQuestion, type Task } from "./task.ts";
import { Writes } from "./writes.ts";

export interface ProberOptions {
  askers: Askers;
  clock: Clock;
  /** A flow's answers have changed in a way that a verdict may rest on. */
  onChange: (flowKey: string) => void;
  /** Every answer, for metrics. */
  record?: (question: Question, answer: Answer) => void;
  /** From 0 to 1; spreads questions over time. */
  random?: () => number;
  limits?: Partial<Limits>;
}

/** Questions due within this are asked together: the timer wakes no more often. */
const tickMillis = 10;
const firstJitterMillis = 200;
/** After a start a writing question waits, so that an operator that keeps restarting does not keep writing. */
const firstWriteMillis = 60_000;
/** However old an answer is, its question is not asked again sooner than this. */
const leastPauseMillis = 1000;
const writePause = ({ everyMillis }: Question) => Math.min(everyMillis, firstWriteMillis);
const urgentMillis = { least: 300, most: 800 };
const roundPauseMillis = 1000;
const failedMillis = { job: 60_000, any: 10_000 };

export class Prober {
  readonly #options: ProberOptions;
  readonly #limits: Limits;
  readonly #lanes: Lanes;
  readonly #book = new AnswerBook();
  readonly #flows = new Map<string, FlowTasks>();
  readonly #heap = new Heap<{ task: Task; due: number }>();
  readonly #writes = new Writes();
  #timer: { due: number; cancel: () => void } | undefined;
  /** When the first question was wanted: the prober of a standby may be much older. */
  #begun = Number.NaN;
  #stopped = false;

  constructor(options: ProberOptions) {
    this.#options = options;
    this.#limits = { ...usualLimits, ...options.limits };
    this.#lanes = new Lanes(this.#limits.inFlight);
  }

  /** These questions of the flow and no others; answers to those no longer wanted are dropped, or set aside. */
  want(flowKey: string, questions: readonly Question[]): void {
    if (this.#stopped) return;
    if (Number.isNaN(this.#begun)) this.#begun = this.#now();
    const flow = this.#flows.get(flowKey) ?? { tasks: new Map<string, Task>() };
    this.#flows.set(flowKey, flow);
    const wanted = new Map(questions.map((question) => [question.key, question]));
    for (const [key, task] of flow.tasks) {
      const next = wanted.get(key);
      if (next === undefined || !sameQuestion(next, task.question)) this.#drop(flow, task, next);
      else this.#keep(task, next);
    }
    for (const question of wanted.values()) {
      if (!flow.tasks.has(question.key)) this.#begin(flow, { flowKey, question, due: 0, state: "idle", waiters: [] });
    }
  }

  forget(flowKey: string): void {
    const flow = this.#flows.get(flowKey);
    for (const task of flow?.tasks.values() ?? []) this.#end(task);
    this.#flows.delete(flowKey);
    this.#book.forget(flowKey);
    this.#writes.forget(flowKey, this.#now() + firstWriteMillis);
  }

  /**
   * Undefined while nothing is known: one first answer that is not well proves nothing, but where the next is far off, as
   * of a question that writes, or that a control could not be run.
   */
  answer(flowKey: string, key: string): Settled | undefined {
    const entry = this.#book.get(flowKey, key);
    if (entry?.unconfirmed !== true) return entry;
    const { writes, vantage } = this.#flows.get(flowKey)?.tasks.get(key)?.question ?? {};
    const isRare = writes === true || (vantage?.at === "database-client" && isUnasked(entry.settled));
    return isRare ? entry : undefined;
  }

  /** What is asked of a flow, with its answers. */
  answers(flowKey: string): { question: Question; settled: Settled | undefined }[] {
    const tasks = [...(this.#flows.get(flowKey)?.tasks.values() ?? [])];
    return tasks.map(({ question }) => ({ question, settled: this.#book.get(flowKey, question.key) }));
  }

  /** Asks all that may be asked of the flow now and waits for the answers; one round a second serves all who ask. */
  round(flowKey: string): Promise<void> {
    const flow = this.#flows.get(flowKey);
    if (flow === undefined || this.#stopped) return Promise.resolve();
    const now = this.#now();
    if (flow.round !== undefined && now - flow.round.started < roundPauseMillis) return flow.round.done;
    const done = this.#askRound([...flow.tasks.values()].filter(mayBeAskedAnyTime));
    flow.round = { started: now, done };
    return done;
  }

  stop(): void {
    for (const flowKey of [...this.#flows.keys()]) this.forget(flowKey);
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #keep(task: Task, next: Question): void {
    const sooner = next.everyMillis < task.question.everyMillis && next.writes !== true;
    task.question = next;
    const latest = this.#now() + next.everyMillis;
    if (sooner && task.state === "idle" && task.due > latest) this.#schedule(task, latest);
  }

  #begin(flow: FlowTasks, task: Task): void {
    const { flowKey, question } = task;
    flow.tasks.set(question.key, task);
    const now = this.#now();
    const soon = now + this.#between(0, firstJitterMillis);
    if (question.writes !== true) {
      this.#schedule(task, soon);
      return;
    }
    const pause = writePause(question);
    const entry = this.#writes.takeBack(idOf(task), now, { question, notBefore: now + pause });
    if (entry !== undefined) this.#book.restore(flowKey, question.key, entry);
    this.#schedule(task, Math.max(soon, this.#begun + pause, this.#writes.notBefore(idOf(task))));
  }

  #drop(flow: FlowTasks, task: Task, next: Question | undefined): void {
    const { flowKey, question } = task;
    const [id, now, entry] = [idOf(task), this.#now(), this.#book.get(flowKey, question.key)];
    flow.tasks.delete(question.key);
    this.#book.drop(flowKey, question.key);
    const aside = next === undefined && question.writes === true && this.#writes.setAside(id, now, { question, entry });
    if (next !== undefined) this.#writes.askAnew(id, now + writePause(next));
    // One that is on its way has written, or will have: its answer is waited for.
    this.#end(task, aside ? "wait" : "abort");
  }

  #end(task: Task, how: "wait" | "abort" = "abort"): void {
    task.state = "gone";
    if (how === "abort") task.controller?.abort();
    release(task);
  }

  #schedule(task: Task, due: number): void {
    task.due = due;
    this.#heap.push(due, { task, due });
    this.#arm();
  }

  #arm(): void {
    const { due } = this.#heap;
    if (this.#stopped || due === undefined || (this.#timer !== undefined && this.#timer.due <= due)) return;
    this.#timer?.cancel();
    const cancel = this.#options.clock.after(Math.max(due - this.#now(), tickMillis), () => this.#tick());
    this.#timer = { due, cancel };
  }

  #tick(): void {
    this.#timer = undefined;
    const until = this.#now() + tickMillis;
    while (this.#heap.due !== undefined && this.#heap.due <= until) {
      const next = this.#heap.pop();
      // A task that was put to another time, or is already on its way, has left this entry behind.
      if (next !== undefined && next.task.state === "idle" && next.task.due === next.due)
        this.#enqueue(next.task, "last");
    }
    this.#lanes.start();
    this.#arm();
  }

  #enqueue(task: Task, place: "first" | "last"): void {
    task.state = "waiting";
    const { vantage } = task.question;
    const limit = this.#limits.perVantage[vantage.at];
    this.#lanes.put({ lane: laneOf(vantage), limit, run: () => this.#ask(task) }, place);
  }

  async #ask(task: Task): Promise<void> {
    if (task.state !== "waiting") return;
    const { clock, askers } = this.#options;
    const { question, flowKey } = task;
    const [started, startedAt] = [clock.monotonic(), clock.now()];
    const controller = new AbortController();
    task.state = "asking";
    task.controller = controller;
    if (question.writes === true) this.#writes.asked(idOf(task), started, started + question.everyMillis);
    const mostMillis = this.#limits.askMillis[question.vantage.at];
    const answer = await answerOf(askers, { question, flowKey, controller, mostMillis }, clock);
    if (isGone(task)) return this.#takeLate(task, question, answer);
    task.state = "idle";
    // An answer found from before counts from when it was given.
    const age = Math.max(0, startedAt - answer.at);
    this.#take(task, { question, answer, started: started - age });
  }

  #take(task: Task, asked: { question: Question; answer: Answer; started: number }): void {
    const { question, answer, started } = asked;
    const { previous, next } = this.#book.add(task.flowKey, question.key, answer);
    this.#schedule(task, this.#nextDue(task, { previous, next, started }));
    release(task);
    this.#tell(task.flowKey, { question, answer, news: newsIn(question, previous, next) });
  }

  /** A writing question that went while it was being asked, and may be back. */
  #takeLate({ flowKey }: Task, question: Question, answer: Answer): void {
    if (question.writes !== true) return;
    const back = this.#flows.get(flowKey)?.tasks.get(question.key);
    if (back === undefined) this.#writes.answered(`${flowKey} ${question.key}`, question, answer);
    else if (sameQuestion(back.question, question)) {
      const { previous, next } = this.#book.add(flowKey, question.key, answer);
      this.#tell(flowKey, { question, answer, news: newsIn(question, previous, next) });
    }
  }

  /** Told last, and never allowed to stop the asking. */
  #tell(flowKey: string, { question, answer, news }: { question: Question; answer: Answer; news: boolean }): void {
    try {
      this.#options.record?.(question, answer);
      if (news) this.#options.onChange(flowKey);
    } catch {
      // The listener's fault; its next turn reads the answer anyway.
    }
  }

  #nextDue(task: Task, asked: { previous: Entry | undefined; next: Entry; started: number }): number {
    const now = this.#now();
    const { writes, vantage } = task.question;
    if (writes === true) return Math.max(now, asked.started + task.question.everyMillis);
    // What is dear is asked rarely; once it has failed, that it is healed must show sooner. To be refused is the forbidden
    // identity's health.
    const { settled } = asked.next;
    const isDown = vantage.at !== "forbidden" && !isWell(settled) && !isUnasked(settled);
    const mostMillis = !isDown
      ? Number.POSITIVE_INFINITY
      : failedMillis[vantage.at === "database-client" ? "job" : "any"];
    const everyMillis = Math.min(task.question.everyMillis, mostMillis);
    // Questions that were first asked together, as after a start, are spread over the period.
    const least = asked.previous === undefined && vantage.at !== "database-client" ? 0.3 : 0.9;
    if (isUrgent(asked.previous, asked.next))
      return now + Math.min(everyMillis, this.#between(urgentMillis.least, urgentMillis.most));
    return Math.max(
      now + Math.min(everyMillis, leastPauseMillis),
      asked.started + everyMillis * this.#between(least, 1),
    );
  }

  async #askRound(tasks: readonly Task[]): Promise<void> {
    const answers = tasks.map((task) => new Promise<void>((resolve) => task.waiters.push(resolve)));
    for (const task of tasks) if (task.state === "idle") this.#enqueue(task, "first");
    this.#lanes.start();
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(this.#limits.roundMillis, resolve);
    });
    await Promise.race([Promise.all(answers), late]);
    cancel();
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }

  #between(least: number, most: number): number {
    return least + (most - least) * (this.#options.random ?? Math.random)();
  }
}
