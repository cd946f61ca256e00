/**
 * Time as an argument. `now` is the time of day and may jump; `monotonic` never does and is what every deadline, lease
 * and back-off is measured by.
 */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonic(): number;
  /** Run once after so many milliseconds; the result cancels. */
  after(millis: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (millis, run) => {
    // setTimeout takes what is negative or above 24 days for 1 ms.
    const timer = setTimeout(run, Math.min(Math.max(millis, 0), 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};

/** Resolves after so many milliseconds, or at once when the signal is aborted: the caller looks at the signal then. */
export function sleep(clock: Clock, millis: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const wake = (): void => {
      cancel();
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const cancel = clock.after(millis, wake);
    signal?.addEventListener("abort", wake);
  });
}
