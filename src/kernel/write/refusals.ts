/** What the server has called wrong: the same would be called wrong again, until the wish or what is there changes. */
import type { Clock } from "../run/clock.ts";
import type { ApplyProblem } from "./apply.ts";

/** A server that learns better (a policy, a webhook, a new version of it) tells nobody. */
const askAgainMillis = 600_000;

interface Refusal {
  /** Uid of the owner, with whom it is forgotten. */
  owner: string | undefined;
  state: string;
  until: number;
  problem: ApplyProblem;
}

export class Refusals {
  readonly #clock: Clock;
  readonly #known = new Map<string, Refusal>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What was said of it, where nothing has changed since. `state` is only asked for where something was. */
  get(key: string, state: () => string): ApplyProblem | undefined {
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    if (this.#clock.monotonic() < known.until && known.state === state()) return known.problem;
    this.#known.delete(key);
    return undefined;
  }

  set(key: string, refusal: Omit<Refusal, "until">): void {
    this.#known.set(key, { ...refusal, until: this.#clock.monotonic() + askAgainMillis });
  }

  forget(owner: string): void {
    for (const [key, known] of this.#known) if (known.owner === owner) this.#known.delete(key);
  }
}
