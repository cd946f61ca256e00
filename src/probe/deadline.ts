/** One deadline for the whole of an ask: every step of it waits on the same signal and cleans up behind itself. */
import type { Clock } from "../kernel/run/clock.ts";
import { Failed } from "./failure.ts";
import type { Refuse } from "./guard.ts";

/** What every step of an ask is handed. */
export interface Step {
  signal: AbortSignal;
  refuse: Refuse;
  /** PEM certificates of authorities trusted beside those that Node trusts. */
  ca: readonly string[];
}

export interface Deadline {
  signal: AbortSignal;
  /** Frees the timer. */
  end(): void;
}

export function deadline(clock: Clock, millis: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const given = (): void => controller.abort(new Failed("error", "no longer wanted"));
  if (outer?.aborted === true) given();
  outer?.addEventListener("abort", given);
  const cancel = clock.after(millis, () => controller.abort());
  const end = (): void => {
    cancel();
    outer?.removeEventListener("abort", given);
  };
  return { signal: controller.signal, end };
}

/** Settles once, by `done`, by `fail` or by the deadline; what `begin` returns is called then, in every case. */
export function until<T>(
  signal: AbortSignal,
  doing: string,
  begin: (done: (value: T) => void, fail: (error: unknown) => void) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let cleanup: (() => void) | undefined;
    const settle = (run: () => void): void => {
      if (settled) return;
      settled = true;
      signal.removeEventListener("abort", late);
      cleanup?.();
      run();
    };
    const late = (): void => {
      const reason =
        signal.reason instanceof Failed ? signal.reason : new Failed("timeout", `${doing}: no answer in time`);
      settle(() => reject(reason));
    };
    if (signal.aborted) return late();
    signal.addEventListener("abort", late);
    cleanup = begin(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    );
    if (settled) cleanup();
  });
}
