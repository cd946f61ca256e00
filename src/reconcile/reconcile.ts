/**
 * One turn: name -> observe -> desire -> plan -> apply -> judge -> summarize -> report. Values go right, never left;
 * nothing is read again after a write: what it changed comes back by the watch and wakes the name.
 */
import { isolation } from "../hops/database.ts";
import type { Desired, Hop, OperatorFacts, Seen } from "../hops/hop.ts";
import { controllerOf, type Kind, type KubeObject } from "../kernel/objects.ts";
import type { Question, Settled } from "../probe/question.ts";
import { names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow, WebFlow, WebFlowStatus } from "../webflow/types.ts";
import { type Announcement, announce } from "./announce.ts";
import { graceMillis, judge, type Movements, patienceMillis } from "./judge.ts";
import { type Failure, type Objects, observe } from "./observe.ts";
import { inRounds, owned, stepKey } from "./plan.ts";
import { summarize } from "./summarize.ts";

/** What came of one write. */
export type Written = { ok: true; changed: boolean } | { ok: false; failure: Failure; retry: boolean };

/** What a turn may do to the world; the operator hands in the kernel, a test hands in a list. */
export interface World {
  readonly objects: Objects;
  readonly operator: () => OperatorFacts;
  readonly now: () => number;
  /** The WebFlow made complete, with its class and claims as the caches have them. */
  complete(raw: WebFlow): Flow;
  answer(flow: string, key: string): Settled | undefined;
  /** By `Kind/name`, what is written for all flows together and could not be. */
  sharedFailures?(): ReadonlyMap<string, Failure>;
  /** Keep these questions asked; none: forget the flow. */
  want(flow: string, questions: readonly Question[]): void;
  apply(kind: Kind, object: KubeObject, flow: Flow): Promise<Written>;
  createOnce(kind: Kind, object: KubeObject, flow: Flow): Promise<Written>;
  /** The claim's size and owner, once the claim is there. */
  tendClaim(flow: Flow): Promise<Written>;
  /** Deletes the flow's route, and nothing else. */
  withdraw(flow: Flow): Promise<Written>;
  /** Deletes what the flow owns and no longer wants, once everything wanted has been written. */
  prune(flow: Flow, wanted: readonly Desired[]): Promise<Written>;
  writeStatus(raw: WebFlow, status: WebFlowStatus): Promise<void>;
  announce(raw: WebFlow, announcements: readonly Announcement[]): void;
  gauge(flow: string, status: WebFlowStatus | undefined): void;
}

/** done; or look again after so long; or retry with back-off because a write failed that may succeed. */
export type Turn = { next: "done" } | { next: "later"; millis: number } | { next: "retry" };

interface Memory {
  failures: Map<string, Failure>;
  /** By key, since when it has failed without a break. */
  failing: Map<string, number>;
  movements: Movements;
}

/** While something moves or a deadline may pass, look again so often; otherwise rarely. */
const soonMillis = 5_000;
const rarelyMillis = 30_000;

export class Reconciler {
  readonly #path: readonly Hop[];
  readonly #world: World;
  readonly #started: number;
  readonly #memory = new Map<string, Memory>();

  constructor(path: readonly Hop[], world: World) {
    this.#path = path;
    this.#world = world;
    this.#started = world.now();
  }

  async reconcile(key: string): Promise<Turn> {
    const raw = this.#find(key);
    if (raw === undefined) return this.#forget(key);
    const flow = this.#world.complete(raw);
    const memory = this.#remember(key);
    if (this.#mustWithdraw(flow)) await this.#world.withdraw(flow);
    // What its user must edit first is not written: nor does an earlier write that failed say anything any more.
    if (flow.faults.length > 0) memory.failures = new Map();
    const retry = flow.faults.length === 0 && (await this.#apply(flow, this.desire(flow, key), memory));
    this.ask(flow, key);
    const status = this.assess(raw, flow, key);
    await this.#report(key, raw, status);
    if (retry) return { next: "retry" };
    return { next: "later", millis: isQuiet(status) ? rarelyMillis : soonMillis };
  }

  /** Objects wanted. A flow that its user must edit first keeps what it has: nothing half-made, nothing pruned. */
  desire(flow: Flow, key: string): Desired[] {
    const seen = this.#seen(flow, key);
    return this.#path.flatMap((hop) => hop.desire?.(flow, seen) ?? []);
  }

  /** Before any judgement: an answer to a question that is no longer the question is dropped here. */
  ask(flow: Flow, key: string): void {
    this.#world.want(key, this.#questions(flow, key));
  }

  /**
   * A route must go with the claim on its host, also where something else keeps the flow from being written or pruned:
   * else the next owner of the host would share it with us.
   */
  #mustWithdraw(flow: Flow): boolean {
    const ingress = this.#world.objects.get(kinds.Ingress, names.web(flow), flow.namespace);
    if (ingress === undefined || controllerOf(ingress)?.uid !== flow.uid) return false;
    const { rules = [] } = (ingress.spec ?? {}) as { rules?: { host?: string }[] };
    const strays = rules.some(({ host = "" }) => !flow.hosts.includes(host));
    const conflict = flow.faults.some((fault) => fault.reason === "HostConflict");
    return flow.lostTo !== undefined || conflict || (strays && flow.faults.length > 0);
  }

  /** Judge and summarize as things stand now, without a write: also what a fresh trace shows. */
  assess(raw: WebFlow, flow: Flow, key: string): WebFlowStatus {
    const seen = this.#seen(flow, key);
    const { movements } = this.#remember(key);
    const verdicts = judge(this.#path, { flow, seen, last: raw.status, movements, started: this.#started });
    return summarize({
      flow,
      verdicts,
      isolation: flow.database === undefined ? undefined : isolation(flow, seen),
      addresses: addressesOf(seen.get(kinds.Ingress, names.web(flow))),
      last: raw.status,
      now: seen.now,
      fresh: seen.now - this.#started < graceMillis,
    });
  }

  #find(key: string): WebFlow | undefined {
    const [namespace = "", name = ""] = key.split("/");
    const found = this.#world.objects.get(kinds.WebFlowKind, name, namespace) as WebFlow | undefined;
    return found?.metadata.deletionTimestamp === undefined ? found : undefined;
  }

  /** Children go by their owner reference, the record by the zones: only what is in memory is left to drop. */
  #forget(key: string): Turn {
    this.#memory.delete(key);
    this.#world.want(key, []);
    this.#world.gauge(key, undefined);
    return { next: "done" };
  }

  #remember(key: string): Memory {
    const known = this.#memory.get(key) ?? { failures: new Map(), failing: new Map(), movements: new Map() };
    this.#memory.set(key, known);
    return known;
  }

  #seen(flow: Flow, key: string): Seen {
    const { objects, operator, now } = this.#world;
    const failures = new Map([...(this.#world.sharedFailures?.() ?? []), ...this.#remember(key).failures]);
    return observe(flow, {
      objects,
      operator: operator(),
      now: now(),
      failures,
      answer: (question) => this.#world.answer(key, question),
    });
  }

  #questions(flow: Flow, key: string): Question[] {
    const seen = this.#seen(flow, key);
    return this.#path.flatMap((hop) => hop.asks(flow, seen));
  }

  /** Writes in rounds; a step whose forerunner failed is not taken. Prunes only when every write went well. */
  async #apply(flow: Flow, wishes: readonly Desired[], memory: Memory): Promise<boolean> {
    const failures = new Map<string, Failure>();
    let retry = false;
    const note = (key: string, written: Written) => {
      if (written.ok) return;
      failures.set(key, written.failure);
      retry ||= written.retry;
    };
    for (const round of inRounds(wishes)) {
      const ready = round.filter((wish) => !(wish.after ?? []).some((key) => failures.has(key)));
      for (const wish of round) if (!ready.includes(wish)) failures.set(keyOf(wish), heldBack(wish, failures));
      await Promise.all(ready.map(async (wish) => note(keyOf(wish), await this.#write(flow, wish))));
    }
    if (failures.size === 0) note("prune", await this.#world.prune(flow, wishes));
    // A claim that may not grow says so, and holds up nothing.
    if (flow.database !== undefined)
      note(`PersistentVolumeClaim/${names.databaseClaim(flow)}`, await this.#world.tendClaim(flow));
    memory.failures = this.#lasting(failures, memory);
    return retry;
  }

  /** What was to pass and has not within a roll-out's length is a finding. */
  #lasting(failures: ReadonlyMap<string, Failure>, memory: Memory): Map<string, Failure> {
    const now = this.#world.now();
    const known = memory.failing;
    memory.failing = new Map([...failures.keys()].map((key) => [key, known.get(key) ?? now]));
    return new Map(
      [...failures].map(([key, failure]) => {
        const isOld = now - (memory.failing.get(key) ?? now) >= patienceMillis;
        return [key, isOld ? { ...failure, passing: false } : failure];
      }),
    );
  }

  #write(flow: Flow, wish: Desired): Promise<Written> {
    const object = owned(flow, wish);
    return wish.mode === "apply"
      ? this.#world.apply(wish.kind, object, flow)
      : this.#world.createOnce(wish.kind, object, flow);
  }

  async #report(key: string, raw: WebFlow, status: WebFlowStatus): Promise<void> {
    await this.#world.writeStatus(raw, status);
    this.#world.announce(raw, announce(raw.status, status));
    this.#world.gauge(key, status);
  }
}

const keyOf = (wish: Desired) => stepKey(wish.kind, wish.object.metadata.name);

function heldBack(wish: Desired, failures: ReadonlyMap<string, Failure>): Failure {
  const cause = (wish.after ?? []).find((key) => failures.has(key)) ?? "another object";
  const message = `${keyOf(wish)} waits for ${cause}, which could not be written.`;
  return { reason: "HeldBack", message, passing: failures.get(cause)?.passing === true };
}

function addressesOf(ingress: KubeObject | undefined): string[] {
  const status = ingress?.status as { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } } | undefined;
  return (status?.loadBalancer?.ingress ?? []).flatMap((entry) => entry.ip ?? entry.hostname ?? []).sort();
}

function isQuiet(status: WebFlowStatus): boolean {
  return (
    status.conditions?.every((condition) => condition.type !== "Reconciling") === true &&
    status.conditions.some((condition) => condition.type === "Ready" && condition.status === "True")
  );
}
