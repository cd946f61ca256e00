/**
 * Two who each want something else of one object would write against one another for ever, as fast as both can. A few
 * writes go at once, so that what is put right once is put right at once; then one in so long.
 */
import type { Clock } from "../run/clock.ts";

const burst = 5;
const pauseMillis = 1_000;

export class Brake {
  readonly #clock: Clock;
  /** Writes that still count, and since when; the one that went longest ago comes first. */
  readonly #spent = new Map<string, { count: number; since: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long to wait before another write; 0: it may go now. */
  pause(key: string): number {
    const now = this.#clock.monotonic();
    const { count, since } = this.#left(key, now);
    return count >= burst ? since + pauseMillis - now : 0;
  }

  /** A write has gone and was taken: one that was refused fights nobody. */
  spend(key: string): void {
    const now = this.#clock.monotonic();
    this.#forget(now);
    const { count, since } = this.#left(key, now);
    this.#spent.delete(key);
    this.#spent.set(key, { count: count + 1, since });
  }

  #left(key: string, now: number): { count: number; since: number } {
    const known = this.#spent.get(key);
    if (known === undefined) return { count: 0, since: now };
    const back = Math.floor((now - known.since) / pauseMillis);
    if (back >= known.count) return { count: 0, since: now };
    return { count: known.count - back, since: known.since + back * pauseMillis };
  }

  #forget(now: number): void {
    for (const [key, { since }] of this.#spent) {
      if (now - since < burst * pauseMillis) break;
      this.#spent.delete(key);
    }
  }
}
