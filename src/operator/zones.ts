/** The zones' one key: woken by what may change a record, debounced, with back-off of its own. */
import { createHash } from "node:crypto";
import type { OperatorFacts } from "../hops/hop.ts";
import type { Client } from "../kernel/client.ts";
import { errorText, type Logger } from "../kernel/hooks.ts";
import type { Cache } from "../kernel/read/cache.ts";
import type { Clock } from "../kernel/run/clock.ts";
import { Queue } from "../kernel/turn/queue.ts";
import { Workers } from "../kernel/turn/worker.ts";
import type { Applier, ApplyProblem } from "../kernel/write/apply.ts";
import { patienceMillis } from "../reconcile/judge.ts";
import type { Failure } from "../reconcile/observe.ts";
import { dnsPods, reconcileZones, type ZonesWorld } from "../reconcile/zones.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Directory } from "./directory.ts";
import { zonesConfigMap } from "./watches.ts";
import { isPassing } from "./written.ts";

/** Many flows that change at once are one change of the zones. */
const debounceMillis = 100;
/** Nothing tells that the caches are in touch again. */
const unsyncedMillis = 1_000;
const dnsPort = 5353;

export interface ZonesOptions {
  cache: Cache;
  client: Client;
  applier: Applier;
  directory: Directory;
  namespace: string;
  clock: Clock;
  log: Logger;
}

export class Zones {
  readonly #queue: Queue;
  readonly #workers: Workers;
  /** Why the zones do not stand as they should; undefined when they do. */
  problem: Failure | undefined;
  #failingSince: number | undefined;

  constructor(options: ZonesOptions) {
    const { clock, log, cache } = options;
    const world = zonesWorld(options);
    this.#queue = new Queue(clock);
    const turn = async () => {
      if (!cache.synced()) return { laterMs: unsyncedMillis };
      await this.#write(world);
      return { laterMs: 60_000 };
    };
    this.#workers = new Workers({
      queue: this.#queue,
      turn,
      concurrency: 1,
      clock,
      log,
      backoff: { firstMs: 100, maxMs: 10_000 },
    });
  }

  wake(): void {
    this.#queue.addAfter("zones", debounceMillis, "drift");
  }

  start(signal: AbortSignal): void {
    this.wake();
    this.#workers.start(signal);
  }

  async #write(world: ZonesWorld): Promise<void> {
    try {
      await reconcileZones(world);
      this.problem = undefined;
      this.#failingSince = undefined;
    } catch (error) {
      this.#failingSince ??= world.now();
      const isYoung = world.now() - this.#failingSince < patienceMillis;
      const { reason = "Error", kind = "terminal" } = error instanceof NotWritten ? error : {};
      this.problem = { reason, message: errorText(error), passing: isYoung && isPassing(kind) };
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.#workers.stop();
  }
}

class NotWritten extends Error {
  readonly reason: string;
  readonly kind: string;
  constructor({ reason, message, kind }: ApplyProblem) {
    super(message);
    this.reason = reason;
    this.kind = kind;
  }
}

function zonesWorld(options: ZonesOptions): ZonesWorld {
  const { cache, client, applier, directory, namespace, clock, log } = options;
  return {
    objects: cache,
    namespace,
    configMap: zonesConfigMap,
    now: () => clock.now(),
    complete: (raw) => directory.complete(raw),
    zones: () => directory.zones(),
    applyZones: async (object) => {
      const applied = await applier.apply({ kind: kinds.ConfigMap, desired: object });
      if ("error" in applied) throw new NotWritten(applied.error);
    },
    nudge: async (pod, annotation, value) => {
      const { name, namespace: where = namespace } = pod.metadata;
      const patch = { metadata: { annotations: { [annotation]: value } } };
      try {
        cache.wrote(kinds.Pod, await client.patch(kinds.Pod, { name, namespace: where }, patch, { type: "merge" }));
      } catch (error) {
        log.warn(
          { pod: name, error: errorText(error) },
          "a name server could not be told of a change; it hears of it within a minute",
        );
      }
    },
    hash: (text) => createHash("sha256").update(text).digest("hex").slice(0, 16),
  };
}

/** Where our name servers answer inside the cluster: every ready pod by itself, so that one that lags is seen. */
export function dnsServers(cache: Cache, namespace: string): OperatorFacts["dnsServers"] {
  return dnsPods({ objects: cache, namespace }).flatMap((pod) => {
    const { podIP, conditions } = (pod.status ?? {}) as {
      podIP?: string;
      conditions?: { type: string; status: string }[];
    };
    const ready = conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true;
    return podIP === undefined || !ready ? [] : [{ name: pod.metadata.name, address: podIP, port: dnsPort }];
  });
}
