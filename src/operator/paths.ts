/** Paths as /flows shows them: from the status, or fresh after a round of questions by the leader. */
import type { Clock } from "../kernel/run/clock.ts";
import type { Prober } from "../probe/prober.ts";
import type { Reconciler } from "../reconcile/reconcile.ts";
import { type FlowView, flowView } from "../serve/flow-view.ts";
import type { HopName, WebFlow } from "../webflow/types.ts";
import type { Directory } from "./directory.ts";

export interface PathsOptions {
  directory: Directory;
  prober: Prober;
  clock: Clock;
  /** Present while this process leads. */
  reconciler: () => Reconciler | undefined;
}

export class Paths {
  readonly #options: PathsOptions;

  constructor(options: PathsOptions) {
    this.#options = options;
  }

  all(): FlowView[] {
    return this.#options.directory.flows().map((raw) => this.#view(raw, raw.status, "status"));
  }

  one(namespace: string, name: string): FlowView | undefined {
    const raw = this.#options.directory.find(`${namespace}/${name}`);
    return raw === undefined ? undefined : this.#view(raw, raw.status, "status");
  }

  /** Asks everything that does not write, then judges as a turn would, without a write. */
  async fresh(namespace: string, name: string): Promise<FlowView | undefined> {
    const key = `${namespace}/${name}`;
    const { directory, prober } = this.#options;
    const reconciler = this.#options.reconciler();
    const before = directory.find(key);
    if (before === undefined || reconciler === undefined) return this.one(namespace, name);
    reconciler.ask(directory.complete(before), key);
    await prober.round(key);
    const raw = directory.find(key);
    if (raw === undefined) return undefined;
    const flow = directory.complete(raw);
    reconciler.ask(flow, key);
    return this.#view(raw, reconciler.assess(raw, flow, key), "fresh");
  }

  #view(raw: WebFlow, status: WebFlow["status"], source: FlowView["source"]): FlowView {
    const key = `${raw.metadata.namespace}/${raw.metadata.name}`;
    const answers = this.#options.prober.answers(key);
    const millis = (hop: HopName): number | null => {
      const times = answers
        .filter(({ question }) => question.hop === hop)
        .flatMap(({ settled }) => settled?.answer.millis ?? []);
      return times.length === 0 ? null : Math.max(...times);
    };
    return flowView(raw, status, { asOf: new Date(this.#options.clock.now()).toISOString(), source, millis });
  }
}
