/** A clock that stands still until a test moves it. */
import type { Clock } from "../../src/kernel/run/clock.ts";

export class TestClock implements Clock {
  #now: number;
  #monotonic = 0;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(millis: number, run: () => void): () => void {
    const timer = { at: this.#monotonic + Math.max(0, millis), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** The time of day jumps, as an administrator may set it; timers do not notice. */
  jump(millis: number): void {
    this.#now += millis;
  }

  /** Let time pass, timer by timer, and after each let everything that waits for a promise go on. */
  async advance(millis: number): Promise<void> {
    const end = this.#monotonic + millis;
    await settle();
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#to(Math.max(next.at, this.#monotonic));
      next.run();
      await settle();
    }
    this.#to(end);
    await settle();
  }

  /** Time passes while the process is asleep: no timer fires until `advance`. */
  freeze(millis: number): void {
    this.#to(this.#monotonic + millis);
  }

  #to(monotonic: number): void {
    this.#now += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}

/** Everything that only waits for promises goes on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
