/**
 * Asks from the allowed identity: one Job for each question that is due, its pod's last words for an answer. A Job that
 * is still running, or has answered within the question's period, is not run again, so that a restart of the operator
 * writes nothing.
 */

import { controllerOf, type KubeObject } from "../kernel/objects.ts";
import { type Clock, sleep } from "../kernel/run/clock.ts";
import { printable } from "./failure.ts";
import {
  answerFromPod,
  answers,
  type ControlFlow,
  type ControlImage,
  controlJob,
  isControlOf,
  isRunning,
  jobSeconds,
  slotOf,
  stuckReason,
} from "./job.ts";
import type { Answer, Question } from "./question.ts";

export interface ControlJobsOptions extends ControlImage {
  clock: Clock;
  flow(flowKey: string): ControlFlow | undefined;
  /** Creates the Job; what it throws may carry the HTTP status as `status`. */
  create(job: KubeObject): Promise<void>;
  /** From the cache: Jobs and Pods of the flow with the labels of a control. */
  jobs(flow: ControlFlow): readonly KubeObject[];
  pods(flow: ControlFlow): readonly KubeObject[];
  /** How often the cache is looked at while a Job runs. Default: 500. */
  pollMillis?: number;
}

const patienceMillis = (jobSeconds + 30) * 1000;

interface Control {
  flow: ControlFlow;
  question: Question;
}

export class ControlJobs {
  readonly #options: ControlJobsOptions;
  /** By flow and question, the pod whose answer was given last. */
  readonly #given = new Map<string, string>();

  constructor(options: ControlJobsOptions) {
    this.#options = options;
  }

  async ask(question: Question, flowKey: string, signal: AbortSignal): Promise<Answer> {
    const flow = this.#options.flow(flowKey);
    const started = this.#options.clock.now();
    if (flow === undefined) return this.#failed(started, "the flow is not known yet");
    const control: Control = { flow, question };
    const known = this.#answer(control, started - question.everyMillis);
    if (known !== undefined) return known;
    // One at a time for a flow: who keeps changing its policy or its pod gets no Job for each change.
    await this.#others(control, signal);
    if (signal.aborted) return this.#failed(started, "it is wanted no more");
    const running = this.#jobs(control).some(isRunning);
    if (!running) {
      const problem = await this.#create(control);
      if (problem !== undefined) return this.#failed(started, problem);
    }
    return this.#wait(control, started, signal);
  }

  /** A flow that is gone leaves nothing behind here. */
  forget(flowKey: string): void {
    for (const key of this.#given.keys()) if (key.startsWith(`${flowKey} `)) this.#given.delete(key);
  }

  /** Until no Job of another question of the flow runs. */
  async #others({ flow, question }: Control, signal: AbortSignal): Promise<void> {
    const { clock, jobs, pollMillis } = this.#options;
    const until = clock.monotonic() + patienceMillis;
    const busy = () => jobs(flow).some((job) => isControlOf(job, flow) && !answers(job, question) && isRunning(job));
    while (busy() && !signal.aborted && clock.monotonic() < until) await sleep(clock, pollMillis ?? 500, signal);
  }

  async #create({ flow, question }: Control): Promise<string | undefined> {
    const { create, clock } = this.#options;
    try {
      await create(controlJob(flow, question, { ...this.#options, slot: slotOf(question, clock.now()) }));
      return undefined;
    } catch (error) {
      const status = (error as { status?: unknown } | null)?.status;
      // One of its name is there: ours, made right before a restart.
      if (status === 409) return undefined;
      return `its Job could not be created${typeof status === "number" ? ` (HTTP ${status})` : ""}`;
    }
  }

  async #wait(control: Control, started: number, signal: AbortSignal): Promise<Answer> {
    const { clock, pollMillis } = this.#options;
    const until = clock.monotonic() + patienceMillis;
    while (!signal.aborted && clock.monotonic() < until) {
      await sleep(clock, pollMillis ?? 500, signal);
      const answer = this.#answer(control, started - control.question.everyMillis);
      if (answer !== undefined) return answer;
      if (this.#endedWithoutPod(control, started)) return this.#failed(started, "its Job ended without a pod");
    }
    return this.#failed(started, `its Job brought no answer: ${stuckReason(this.#newest(control)?.pod)}`);
  }

  /** The newest answer that was not given before and is not older than that. */
  #answer(control: Control, notBefore: number): Answer | undefined {
    const newest = this.#newest(control);
    const answer = newest === undefined ? undefined : answerFromPod(newest.pod);
    const id = `${control.flow.namespace}/${control.flow.name} ${control.question.key}`;
    if (newest === undefined || answer === undefined || answer.at < notBefore || this.#given.get(id) === newest.uid)
      return undefined;
    this.#given.set(id, newest.uid);
    return { ...answer, at: Math.min(answer.at, this.#options.clock.now()) };
  }

  #newest(control: Control): { pod: KubeObject; uid: string } | undefined {
    const uids = new Set(this.#jobs(control).map((job) => job.metadata.uid));
    const pods = this.#options.pods(control.flow).filter((pod) => uids.has(controllerOf(pod)?.uid));
    const pod = pods.toSorted((one, other) => madeAt(other) - madeAt(one))[0];
    return pod === undefined ? undefined : { pod, uid: pod.metadata.uid ?? pod.metadata.name };
  }

  #jobs({ flow, question }: Control): KubeObject[] {
    return this.#options.jobs(flow).filter((job) => isControlOf(job, flow) && answers(job, question));
  }

  #endedWithoutPod(control: Control, started: number): boolean {
    const jobs = this.#jobs(control).filter((job) => madeAt(job) >= started - 1000);
    return jobs.length > 0 && !jobs.some(isRunning) && this.#newest(control) === undefined;
  }

  #failed(started: number, detail: string): Answer {
    const now = this.#options.clock.now();
    return {
      outcome: "vantage",
      detail: printable(`the control was not run: ${detail}`),
      at: now,
      millis: Math.max(0, now - started),
    };
  }
}

const madeAt = (object: KubeObject) => Date.parse(object.metadata.creationTimestamp ?? "") || 0;
