/** The kernel as one turn's world: applies, prunes, status, Events. Every failure comes back as words for a fact. */
import type { Desired, OperatorFacts } from "../hops/hop.ts";
import type { Client } from "../kernel/client.ts";
import { isKind } from "../kernel/errors.ts";
import { errorText, type Logger } from "../kernel/hooks.ts";
import type { Kind, KubeObject } from "../kernel/objects.ts";
import type { Cache } from "../kernel/read/cache.ts";
import type { Clock } from "../kernel/run/clock.ts";
import type { Applier } from "../kernel/write/apply.ts";
import type { Events } from "../kernel/write/events.ts";
import { prune } from "../kernel/write/prune.ts";
import { writeStatus } from "../kernel/write/status.ts";
import type { Prober } from "../probe/prober.ts";
import type { Question, Settled } from "../probe/question.ts";
import type { Announcement } from "../reconcile/announce.ts";
import type { Failure } from "../reconcile/observe.ts";
import { prunable } from "../reconcile/plan.ts";
import type { World, Written } from "../reconcile/reconcile.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { names, selectorFor, statusManager } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow, WebFlow, WebFlowStatus } from "../webflow/types.ts";
import { Claims } from "./claims.ts";
import { Credentials, withPassword } from "./credentials.ts";
import type { Directory } from "./directory.ts";
import { done, failureOf, writtenOf } from "./written.ts";

export interface WorldOptions {
  cache: Cache;
  client: Client;
  applier: Applier;
  events: Events;
  prober: Prober;
  directory: Directory;
  metrics: Metrics;
  clock: Clock;
  log: Logger;
  operator: () => OperatorFacts;
  /** By `Kind/name`, what no flow writes for itself and could not be written. */
  sharedFailures: () => ReadonlyMap<string, Failure>;
}

export class OperatorWorld implements World {
  readonly objects: Cache;
  readonly operator: () => OperatorFacts;
  readonly sharedFailures: () => ReadonlyMap<string, Failure>;
  readonly #options: WorldOptions;
  readonly #credentials: Credentials;
  readonly #claims: Claims;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.objects = options.cache;
    this.operator = options.operator;
    this.sharedFailures = options.sharedFailures;
    this.#credentials = new Credentials(options.cache);
    const { client, cache, clock } = options;
    this.#claims = new Claims({ client, objects: cache, clock });
  }

  readonly now = (): number => this.#options.clock.now();

  complete(raw: WebFlow): Flow {
    return this.#options.directory.complete(raw);
  }

  answer(flow: string, key: string): Settled | undefined {
    return this.#options.prober.answer(flow, key);
  }

  want(flow: string, questions: readonly Question[]): void {
    const [namespace = "", name = ""] = flow.split("/");
    const found = this.objects.get(kinds.WebFlowKind, name, namespace);
    // One that is there and has nothing to ask in this turn may have in the next.
    if (found === undefined || found.metadata.deletionTimestamp !== undefined) this.#options.prober.forget(flow);
    else this.#options.prober.want(flow, questions);
  }

  async apply(kind: Kind, object: KubeObject, flow: Flow): Promise<Written> {
    return writtenOf(await this.#options.applier.apply({ kind, desired: object, owner: flow.uid }));
  }

  async createOnce(kind: Kind, object: KubeObject, flow: Flow): Promise<Written> {
    if (this.#credentials.seenTo(flow)) return done(false);
    try {
      await this.#options.client.create(kind, withPassword(object));
      this.#credentials.made(flow);
      return done(true);
    } catch (error) {
      if (isKind(error, "exists")) {
        this.#credentials.made(flow);
        return done(false);
      }
      return failureOf(error);
    }
  }

  tendClaim(flow: Flow): Promise<Written> {
    return this.#claims.tend(flow);
  }

  withdraw(flow: Flow): Promise<Written> {
    return this.#prune(flow, [], [kinds.Ingress]);
  }

  prune(flow: Flow, wanted: readonly Desired[]): Promise<Written> {
    return this.#prune(flow, wanted, prunable);
  }

  async #prune(flow: Flow, wanted: readonly Desired[], of: readonly Kind[]): Promise<Written> {
    const { client, cache, log } = this.#options;
    const pruned = await prune(
      { client, cache, kinds: of },
      { owner: flow.uid, desired: [...wanted, ...this.#guards(flow)], applied: [] },
    );
    if ("skipped" in pruned) return done(false);
    for (const { object, error } of pruned.failed) {
      log.warn({ kind: object.kind, name: object.metadata.name, error: errorText(error) }, "not pruned; tried again");
    }
    const [first] = pruned.failed;
    return first === undefined ? done(pruned.deleted.length > 0) : failureOf(first.error);
  }

  /** A database that goes stays closed until its pod is gone: the pod's end wakes its flow. */
  #guards({ name, namespace, uid }: Flow): { kind: Kind; object: KubeObject }[] {
    const selected = selectorFor({ name }, "database");
    const runs = this.objects.list(kinds.Pod, { namespace, labels: selected }).length > 0;
    if (!runs && this.objects.get(kinds.StatefulSet, names.database({ name }), namespace) === undefined) return [];
    return this.objects
      .byOwner(uid, kinds.NetworkPolicy)
      .filter((policy) => selects(policy, selected))
      .map((object) => ({ kind: kinds.NetworkPolicy, object }));
  }

  async writeStatus(raw: WebFlow, status: WebFlowStatus): Promise<void> {
    const { client, cache } = this.#options;
    try {
      await writeStatus({ client, cache, manager: statusManager }, kinds.WebFlowKind, { object: raw, status });
    } catch (error) {
      // Gone, or another one of that name by now: its own turn will speak for it.
      if (!isKind(error, "notfound")) throw error;
    }
  }

  announce(raw: WebFlow, announcements: readonly Announcement[]): void {
    for (const announcement of announcements) this.#options.events.record({ regarding: raw, ...announcement });
  }

  gauge(flow: string, status: WebFlowStatus | undefined): void {
    const [namespace = "", name = ""] = flow.split("/");
    if (status === undefined) this.#options.metrics.forget({ namespace, name });
    else this.#options.metrics.judged({ namespace, name }, status);
  }
}

function selects(policy: KubeObject, labels: Readonly<Record<string, string>>): boolean {
  const spec = policy.spec as { podSelector?: { matchLabels?: Record<string, string> } } | undefined;
  const asked = spec?.podSelector?.matchLabels ?? {};
  return Object.entries(labels).every(([key, value]) => asked[key] === value);
}
