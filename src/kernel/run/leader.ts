/**
 * One of several processes leads, by a Lease. A lease is held for as long as its record keeps changing; how long it has
 * not changed is measured by our own clock from when we saw it, never by the times that others wrote. A leader that
 * could not renew in time stops being one before another can begin, even when the process itself was asleep.
 */
import type { Client } from "../client.ts";
import { isKind } from "../errors.ts";
import { errorText, type Logger } from "../hooks.ts";
import type { Kind, KubeObject } from "../objects.ts";
import { type Clock, sleep } from "./clock.ts";
import { type LeaseSpec, mayTake, type Observed, recordOf } from "./lease.ts";

export interface LeaderOptions {
  /** A client of its own, so that no crowd of requests can delay a renewal. */
  client: Pick<Client, "get" | "create" | "replace">;
  kind: Kind;
  namespace: string;
  name: string;
  /** Unlike that of any other process that ever was. */
  identity: string;
  clock: Clock;
  log: Logger;
  random?: () => number;
  /** A lease unchanged for so long may be taken. */
  durationMs?: number;
  /** A leader that has not renewed for so long has lost. */
  renewDeadlineMs?: number;
  retryMs?: number;
}

/** One attempt at the lease. */
const attemptMillis = 5_000;

export class Leader {
  readonly #options: Required<Omit<LeaderOptions, "random">> & { random: () => number };
  #observed: Observed | undefined;
  #lease: KubeObject | undefined;
  #renewedAt: number | undefined;

  constructor(options: LeaderOptions) {
    this.#options = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000, random: Math.random, ...options };
  }

  /** True only while the lease is certainly ours. */
  leading(): boolean {
    return this.#left() > 0;
  }

  /** Who holds the lease, as far as we know. */
  holder(): string | undefined {
    return this.#observed?.holder === "" ? undefined : this.#observed?.holder;
  }

  /** Resolves true when we lead, false when the signal was aborted first. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, log, identity, retryMs, random } = this.#options;
    while (!signal.aborted) {
      try {
        if (await this.#try(signal)) {
          log.info({ identity }, "leading");
          return true;
        }
      } catch (error) {
        if (!signal.aborted) log.warn({ error: errorText(error) }, "cannot look at the lease");
      }
      await sleep(clock, retryMs * (1 + random() * 0.2), signal);
    }
    return false;
  }

  /** Keeps renewing; resolves "lost" as soon as leadership is, "stopped" when the signal is aborted. */
  async keep(signal: AbortSignal): Promise<"lost" | "stopped"> {
    const { clock, log, retryMs } = this.#options;
    for (;;) {
      await sleep(clock, Math.min(retryMs, this.#left()), signal);
      if (signal.aborted) return "stopped";
      if (!this.leading()) return this.#lost("the process was held up, or the API server did not answer, for too long");
      try {
        if (!(await this.#renew(signal))) return this.#lost(`${this.holder() ?? "nobody"} holds the lease`);
      } catch (error) {
        if (signal.aborted) return "stopped";
        log.warn({ error: errorText(error) }, "lease not renewed");
      }
    }
  }

  /** Hand the lease on, so that nobody has to wait for it to run out. */
  async release(): Promise<void> {
    const lease = this.#lease;
    if (!this.leading() || lease === undefined) return;
    this.#renewedAt = undefined;
    try {
      await this.#options.client.replace(this.#options.kind, this.#with(lease, "", lease), { deadlineMs: 3_000 });
      this.#options.log.info({}, "lease released");
    } catch (error) {
      this.#options.log.warn({ error: errorText(error) }, "lease not released; it runs out by itself");
    }
  }

  /** Milliseconds for which the lease is still certainly ours. */
  #left(): number {
    const { clock, renewDeadlineMs } = this.#options;
    return this.#renewedAt === undefined ? 0 : renewDeadlineMs - (clock.monotonic() - this.#renewedAt);
  }

  /** A renewal must not be under way for longer than the lease is ours. */
  #call(signal: AbortSignal): { signal: AbortSignal; deadlineMs: number } {
    const most = this.#renewedAt === undefined ? attemptMillis : Math.min(attemptMillis, this.#left());
    return { signal, deadlineMs: Math.max(1, Math.floor(most)) };
  }

  #lost(why: string): "lost" {
    this.#renewedAt = undefined;
    this.#options.log.error({ why }, "leadership lost");
    return "lost";
  }

  async #try(signal: AbortSignal): Promise<boolean> {
    const { client, clock, kind, name, namespace, identity } = this.#options;
    const asked = clock.monotonic();
    let lease: KubeObject;
    try {
      lease = await client.get(kind, name, namespace, this.#call(signal));
    } catch (error) {
      if (!isKind(error, "notfound")) throw error;
      const fresh: KubeObject = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name, namespace } };
      return this.#take(() => client.create(kind, this.#with(fresh, identity), this.#call(signal)), asked);
    }
    this.#observed = recordOf(lease, this.#observed, clock.monotonic());
    if (!mayTake(this.#observed, identity, clock.monotonic())) return false;
    return this.#take(() => client.replace(kind, this.#with(lease, identity, lease), this.#call(signal)), asked);
  }

  async #renew(signal: AbortSignal): Promise<boolean> {
    const { client, clock, kind, identity } = this.#options;
    const lease = this.#lease;
    if (lease === undefined) return this.#try(signal);
    const asked = clock.monotonic();
    const replaced = () => client.replace(kind, this.#with(lease, identity, lease), this.#call(signal));
    const renewed = await this.#take(replaced, asked);
    // Somebody wrote in between, or an answer to us was lost: the record says who holds it now.
    return renewed || this.#try(signal);
  }

  /** One write that succeeds for one process alone. Counted from before it was sent. */
  async #take(write: () => Promise<KubeObject>, asked: number): Promise<boolean> {
    try {
      const lease = await write();
      this.#lease = lease;
      this.#renewedAt = asked;
      this.#observed = recordOf(lease, this.#observed, this.#options.clock.monotonic());
      return true;
    } catch (error) {
      if (!isKind(error, "conflict", "exists", "notfound")) throw error;
      this.#lease = undefined;
      return false;
    }
  }

  #with(lease: KubeObject, holder: string, previous?: KubeObject): KubeObject {
    const { clock, durationMs } = this.#options;
    const before = (previous?.spec ?? {}) as LeaseSpec;
    const now = new Date(clock.now()).toISOString().replace("Z", "000Z");
    const same = before.holderIdentity === holder;
    const spec: LeaseSpec = {
      holderIdentity: holder,
      // A released lease may be taken at once, also by those who do not look at the holder.
      leaseDurationSeconds: holder === "" ? 1 : Math.ceil(durationMs / 1000),
      acquireTime: same ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before.leaseTransitions ?? 0) + (same || holder === "" || previous === undefined ? 0 : 1),
    };
    return { ...lease, spec };
  }
}
