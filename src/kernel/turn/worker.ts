/**
 * Takes a name, gives it one turn, and decides what happens next: done, look again later, retry with back-off, or give
 * up until something changes. Nothing that a turn throws gets past here.
 */
import { ApiError, isKind, Terminal, Waiting } from "../errors.ts";
import { errorText, type Logger } from "../hooks.ts";
import type { Clock } from "../run/clock.ts";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import type { Queue } from "./queue.ts";

/** What a turn says when all went well; `laterMs`: look again after so long even if nothing changes. */
export type Outcome = { laterMs?: number };

export type Turn = (key: string, signal: AbortSignal) => Promise<Outcome>;

export type TurnResult = "done" | "later" | "retry" | "give-up" | "aborted";

export interface WorkersOptions {
  queue: Queue;
  turn: Turn;
  /** Turns at the same time, over all keys. */
  concurrency: number;
  clock: Clock;
  log: Logger;
  backoff?: BackoffOptions;
  onTurn?: (facts: { key: string; result: TurnResult; millis: number }) => void;
}

type Next =
  | { result: "done" }
  | { result: "later" | "retry"; millis: number }
  | { result: "give-up" }
  | { result: "aborted" };

export class Workers {
  readonly #options: WorkersOptions;
  readonly #backoff: Backoff;
  #loops: Promise<void>[] = [];

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.backoff ?? { firstMs: 5, maxMs: 300_000 });
  }

  /** Turns see the signal; when it is aborted they should end soon. */
  start(signal: AbortSignal): void {
    this.#loops = Array.from({ length: this.#options.concurrency }, () => this.#loop(signal));
  }

  /** No new turn begins; resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#options.queue.stop();
    await Promise.all(this.#loops);
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const { queue } = this.#options;
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await this.#one(key, signal);
      queue.done(key);
    }
  }

  async #one(key: string, signal: AbortSignal): Promise<void> {
    const { clock, queue, turn, onTurn } = this.#options;
    const start = clock.monotonic();
    let next: Next;
    try {
      signal.throwIfAborted();
      const outcome = await turn(key, signal);
      next = outcome.laterMs === undefined ? { result: "done" } : { result: "later", millis: outcome.laterMs };
    } catch (error) {
      next = signal.aborted ? { result: "aborted" } : this.#after(key, error);
    }
    switch (next.result) {
      case "done":
        this.#backoff.forget(key);
        break;
      case "later":
        this.#backoff.forget(key);
        queue.addAfter(key, next.millis, "resync");
        break;
      case "retry":
        queue.addAfter(key, next.millis, "drift");
        break;
      case "give-up":
        this.#backoff.forget(key);
        break;
      case "aborted":
        break;
    }
    onTurn?.({ key, result: next.result, millis: clock.monotonic() - start });
  }

  #after(key: string, error: unknown): Next {
    const { log } = this.#options;
    if (error instanceof Waiting) return { result: "later", millis: error.millis };
    if (error instanceof Terminal) {
      log.warn({ key, reason: error.reason, error: error.message }, "given up until something changes");
      return { result: "give-up" };
    }
    const pause = this.#backoff.next(key);
    const millis = Math.max(pause, error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0);
    const facts = {
      key,
      error: errorText(error),
      failures: this.#backoff.failures(key),
      retryInMs: Math.round(millis),
    };
    // A conflict is everyday life: somebody wrote first and the next turn sees it.
    if (isKind(error, "conflict")) log.debug(facts, "turn met a conflict");
    else
      log.warn(
        error instanceof ApiError ? facts : { ...facts, stack: error instanceof Error ? error.stack : "" },
        "turn failed",
      );
    return { result: "retry", millis };
  }
}
