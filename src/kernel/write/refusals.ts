/** What the server has called wrong: the same would be called wrong again, until the wish or what is there changes. */
import type { Clock } from "../run/clock.ts";
import type { ApplyProblem } from "./apply.ts";

/**
 * What a server refuses may hang on other objects (a policy, a webhook, somebody else's route), and nobody tells when those
 * change: it is tried again soon, and more and more rarely.
 */
const askAgainMillis = { first: 4_000, most: 600_000 };

interface Refusal {
  /** Uid of the owner, with whom it is forgotten. */
  owner: string | undefined;
  state: string;
  until: number;
  /** How often in a row the same was refused. */
  times: number;
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
    if (known.state !== state()) this.#known.delete(key);
    else if (this.#clock.monotonic() < known.until) return known.problem;
    return undefined;
  }

  set(key: string, refusal: Omit<Refusal, "until" | "times">): void {
    const known = this.#known.get(key);
    const times = known?.state === refusal.state ? known.times + 1 : 1;
    const pause = Math.min(askAgainMillis.most, askAgainMillis.first * 2 ** (times - 1));
    this.#known.set(key, { ...refusal, times, until: this.#clock.monotonic() + pause });
  }

  /** It went well, or was refused for another reason. */
  drop(key: string): void {
    this.#known.delete(key);
  }

  forget(owner: string): void {
    for (const [key, known] of this.#known) if (known.owner === owner) this.#known.delete(key);
  }
}
