/**
 * Start and stop in order. Caches run on every process, leader or not; work begins only with synced caches and the
 * lease, however long the wait for it was. Told to stop, it begins no new turn, gives those under way a moment, then
 * hands the lease on. A leader that has lost its lease stops at once and hands on nothing. What to do with the process
 * is the caller's to decide.
 */
import { errorText, type Logger } from "../hooks.ts";
import { type Clock, sleep } from "./clock.ts";
import type { Leader } from "./leader.ts";

export interface ManagerOptions {
  cache: { run(signal: AbortSignal): Promise<void>; whenSynced(signal: AbortSignal): Promise<void> };
  leader: Pick<Leader, "acquire" | "keep" | "release">;
  /** Aborted when no write may be under way any more: what writes is given its signal. */
  writing?: AbortController;
  /**
   * The leader's work. Begins what it has to and returns at once; `signal` is that of `writing`. The result is called
   * when no new turn may begin, and resolves when none is under way.
   */
  lead(signal: AbortSignal): { stop(): Promise<void> };
  clock: Clock;
  log: Logger;
  /** How long turns under way may take to end when told to stop; 5 s unless told. */
  graceMs?: number;
}

export type Ended = "stopped" | "lost";

/** Runs until the signal is aborted or leadership is lost. */
export async function runManager(options: ManagerOptions, signal: AbortSignal): Promise<Ended> {
  const reading = new AbortController();
  const caches = options.cache.run(reading.signal);
  try {
    await options.cache.whenSynced(signal);
    if (signal.aborted || !(await options.leader.acquire(signal))) return "stopped";
    return await leadUntil(options, signal);
  } finally {
    reading.abort();
    await caches;
  }
}

/** Another process may see what this one does not: how long a leader may be without synced caches. */
const syncMillis = 60_000;

async function leadUntil(options: ManagerOptions, signal: AbortSignal): Promise<Ended> {
  const { cache, leader, clock, log, graceMs = 5_000, writing = new AbortController() } = options;
  const renewing = new AbortController();
  const kept = leader.keep(renewing.signal);
  try {
    const synced = cache.whenSynced(AbortSignal.any([signal, renewing.signal])).then(() => "synced");
    const late = sleep(clock, syncMillis, renewing.signal).then(() => "late");
    const come = await Promise.race([synced, kept.then(() => "lost"), late]);
    if (signal.aborted) return "stopped";
    if (come === "late") log.error({}, "leads, and its caches are not synced: hands the lease on");
    if (come !== "synced") return "lost";
    const work = options.lead(writing.signal);
    const told = aborted(signal, renewing.signal);
    const ended: Ended = await Promise.race([kept.then((): Ended => "lost"), told.then((): Ended => "stopped")]);
    if (ended === "lost") writing.abort(new Error("leadership lost"));
    const stopped = work
      .stop()
      .catch((error: unknown) => log.error({ error: errorText(error) }, "the work did not end well"));
    // Still the leader while turns end: the lease is renewed until then.
    await Promise.race([stopped, kept, sleep(clock, graceMs, renewing.signal)]);
    writing.abort(new Error("stopping"));
    // What does not heed the signal is not waited for.
    await Promise.race([stopped, sleep(clock, 1_000)]);
    return ended;
  } finally {
    writing.abort();
    renewing.abort();
    if ((await kept) === "stopped") await leader.release();
  }
}

function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  const either = AbortSignal.any([...signals]);
  return new Promise((resolve) => {
    if (either.aborted) resolve();
    else either.addEventListener("abort", () => resolve(), { once: true });
  });
}
