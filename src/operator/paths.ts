/** Paths as /flows shows them: from the status, or fresh after a round of questions by the leader. */
import { type Clock, sleep } from "../kernel/run/clock.ts";
import type { Prober } from "../probe/prober.ts";
import type { Question, Settled } from "../probe/question.ts";
import { mayBeAskedAnyTime } from "../probe/task.ts";
import type { Reconciler } from "../reconcile/reconcile.ts";
import { type FlowView, flowView, lastChange, type ViewFacts } from "../serve/flow-view.ts";
import type { HopName, WebFlow, WebFlowStatus } from "../webflow/types.ts";
import type { Directory } from "./directory.ts";

export interface PathsOptions {
  directory: Pick<Directory, "find" | "flows" | "complete">;
  prober: Pick<Prober, "answers" | "round">;
  clock: Clock;
  /** Present while this process leads. */
  reconciler: () => Pick<Reconciler, "ask" | "assess"> | undefined;
}

/** For an answer that is asked for again within a second, and for questions that only an answer has called for. */
const patienceMillis = 3000;
const lookMillis = 100;
/** A round serves all who ask within a second: its answers may be as much older than the request. */
const sharedMillis = 1000;

interface Asked {
  question: Question;
  settled: Settled | undefined;
}

export class Paths {
  readonly #options: PathsOptions;

  constructor(options: PathsOptions) {
    this.#options = options;
  }

  all(): FlowView[] {
    return this.#options.directory.flows().map((raw) => this.#fromStatus(raw));
  }

  one(namespace: string, name: string): FlowView | undefined {
    const raw = this.#options.directory.find(`${namespace}/${name}`);
    return raw === undefined ? undefined : this.#fromStatus(raw);
  }

  /**
   * Asks everything that does not write, then judges as a turn would, without a write. A verdict moves on the second
   * answer only, so one that differs is waited for until it is confirmed or taken back.
   */
  async fresh(namespace: string, name: string): Promise<FlowView | undefined> {
    const key = `${namespace}/${name}`;
    const { directory, prober, clock } = this.#options;
    const reconciler = this.#options.reconciler();
    const before = directory.find(key);
    if (before === undefined || reconciler === undefined) return this.one(namespace, name);
    const since = clock.now() - sharedMillis;
    reconciler.ask(directory.complete(before), key);
    await prober.round(key);
    const end = clock.monotonic() + patienceMillis;
    for (;;) {
      const raw = directory.find(key);
      if (raw === undefined) return undefined;
      const flow = directory.complete(raw);
      reconciler.ask(flow, key);
      const open = this.#asked(key).filter((asked) => isOpen(asked, since));
      if (open.length === 0 || clock.monotonic() >= end)
        return this.#fromRound(raw, reconciler.assess(raw, flow, key), open);
      await sleep(clock, lookMillis);
    }
  }

  #fromStatus(raw: WebFlow): FlowView {
    return this.#view(raw, raw.status, { asOf: lastChange(raw), source: "status" });
  }

  #fromRound(raw: WebFlow, status: WebFlowStatus, open: readonly Asked[]): FlowView {
    const now = this.#options.clock.now();
    if (open.length === 0) return this.#view(raw, status, { asOf: rfc3339(now), source: "fresh" });
    const key = `${raw.metadata.namespace}/${raw.metadata.name}`;
    const oldest = Math.min(now, ...this.#asked(key).flatMap(({ settled }) => settled?.answer.at ?? []));
    const hops = [...new Set(open.map(({ question }) => question.hop))].join(", ");
    // What is Broken stays so until the contrary is confirmed.
    const doubt =
      status.brokenAt === undefined ? `Not every answer came, or was confirmed, in time: ${hops}.` : undefined;
    return this.#view(raw, status, { asOf: rfc3339(oldest), source: "unfinished", doubt });
  }

  /** What a round asks, with its answers. */
  #asked(key: string): Asked[] {
    return this.#options.prober.answers(key).filter(mayBeAskedAnyTime);
  }

  #view(raw: WebFlow, status: WebFlow["status"], facts: Omit<ViewFacts, "millis">): FlowView {
    const answers = this.#options.prober.answers(`${raw.metadata.namespace}/${raw.metadata.name}`);
    const millis = (hop: HopName): number | null => {
      const times = answers
        .filter(({ question }) => question.hop === hop)
        .flatMap(({ settled }) => settled?.answer.millis ?? []);
      return times.length === 0 ? null : Math.max(...times);
    };
    return flowView(raw, status, { ...facts, millis });
  }
}

const isOpen = ({ settled }: Asked, since: number) =>
  settled === undefined || settled.wavering || settled.answer.at < since;

const rfc3339 = (millis: number) => new Date(millis).toISOString();
