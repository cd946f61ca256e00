/** Waiting longer after each failure, with jitter, so that many who fail together do not come back together. */

export interface BackoffOptions {
  firstMs: number;
  maxMs: number;
  random?: () => number;
}

/** The pause after the n-th failure in a row (n from 1): doubled each time, then between half and the whole of it. */
export function pauseAfter(failures: number, { firstMs, maxMs, random = Math.random }: BackoffOptions): number {
  const whole = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 40));
  return whole * (0.5 + random() / 2);
}

/** Failures in a row, by key. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #failures = new Map<string, number>();

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  next(key: string): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    return pauseAfter(failures, this.#options);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }
}
