/** A connection that is open and says nothing looks like one on which nothing happens; a watch must not trust it for ever. */
import type { Clock } from "../run/clock.ts";

/** Aborts once nothing was heard for so long; the result ends the watching. */
export function watchSilence(
  clock: Clock,
  millis: number,
  { heardAt, stop }: { heardAt(): number; stop: AbortController },
): () => void {
  const check = (): void => {
    const left = millis - (clock.monotonic() - heardAt());
    if (left <= 0) stop.abort(new Error(`no byte for ${millis / 1000} s`));
    else cancel = clock.after(left, check);
  };
  let cancel = clock.after(millis, check);
  return () => cancel();
}
