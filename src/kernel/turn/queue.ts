/**
 * Names to be looked at. A name waits at most once, is handed to one taker at a time, and one that changes while it is
 * being looked at waits again afterwards. Among those that wait the more urgent goes first, else the older. While
 * paused it gathers names and hands out none.
 */
import type { Clock } from "../run/clock.ts";
import { Alarms } from "./alarms.ts";

/** user: somebody changed what is wanted; drift: the world changed; resync: nothing is known to have changed. */
export const priorities = ["user", "drift", "resync"] as const;
export type Priority = (typeof priorities)[number];

export interface QueueHooks {
  /** Names that wait now. */
  depth?(waiting: number): void;
  /** How long a name waited before it was taken. */
  waited?(millis: number): void;
}

export class Queue {
  readonly #clock: Clock;
  readonly #hooks: QueueHooks;
  readonly #waiting: Record<Priority, Map<string, number>> = { user: new Map(), drift: new Map(), resync: new Map() };
  readonly #running = new Set<string>();
  readonly #dirty = new Map<string, Priority>();
  readonly #alarms = new Alarms<Priority>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #cancelTimer: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #paused = false;
  #stopped = false;

  constructor(clock: Clock, hooks: QueueHooks = {}) {
    this.#clock = clock;
    this.#hooks = hooks;
  }

  get depth(): number {
    return priorities.reduce((sum, priority) => sum + this.#waiting[priority].size, 0);
  }

  get running(): number {
    return this.#running.size;
  }

  get delayed(): number {
    return this.#alarms.size;
  }

  add(key: string, priority: Priority = "drift"): void {
    if (this.#stopped) return;
    if (this.#running.has(key)) {
      this.#dirty.set(key, moreUrgent(this.#dirty.get(key) ?? priority, priority));
      return;
    }
    const known = priorities.find((each) => this.#waiting[each].has(key));
    if (known !== undefined && moreUrgent(known, priority) === known) return;
    const since = known === undefined ? this.#clock.monotonic() : (this.#waiting[known].get(key) ?? 0);
    if (known !== undefined) this.#waiting[known].delete(key);
    this.#waiting[priority].set(key, since);
    this.#hand();
  }

  /** Add later. Of two times for one key the earlier counts. */
  addAfter(key: string, millis: number, priority: Priority = "resync"): void {
    if (this.#stopped) return;
    if (millis <= 0) this.add(key, priority);
    else this.#alarms.set(key, this.#clock.monotonic() + millis, priority);
    this.#arm();
  }

  /** The next name, when there is one; undefined once stopped. What is taken must be given back by `done`. */
  take(): Promise<string | undefined> {
    if (this.#stopped) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#hand();
    });
  }

  done(key: string): void {
    this.#running.delete(key);
    const priority = this.#dirty.get(key);
    this.#dirty.delete(key);
    if (priority !== undefined) this.add(key, priority);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#hand();
  }

  /** For good: takers get undefined, names that wait are dropped. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#alarms.clear();
    this.#dirty.clear();
    for (const priority of priorities) this.#waiting[priority].clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
    this.#hooks.depth?.(0);
  }

  #hand(): void {
    while (!this.#paused && this.#takers.length > 0) {
      const next = this.#first();
      if (next === undefined) break;
      this.#running.add(next.key);
      this.#hooks.waited?.(this.#clock.monotonic() - next.since);
      this.#takers.shift()?.(next.key);
    }
    this.#hooks.depth?.(this.depth);
  }

  #first(): { key: string; since: number } | undefined {
    for (const priority of priorities) {
      for (const [key, since] of this.#waiting[priority]) {
        this.#waiting[priority].delete(key);
        return { key, since };
      }
    }
    return undefined;
  }

  #arm(): void {
    const at = this.#alarms.next();
    if (at === undefined || (this.#cancelTimer !== undefined && this.#timerAt <= at)) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = this.#clock.after(Math.ceil(at - this.#clock.monotonic()), () => this.#ring());
  }

  #ring(): void {
    this.#cancelTimer = undefined;
    for (const { key, note } of this.#alarms.due(this.#clock.monotonic())) this.add(key, note);
    this.#arm();
  }
}

function moreUrgent(a: Priority, b: Priority): Priority {
  return priorities.indexOf(a) <= priorities.indexOf(b) ? a : b;
}
