/**
 * Server-side apply, and only on difference: what the cache shows as wanted costs no write. An object of that name that
 * is not ours is never touched: the first apply is one that the server takes only where there is no object. Later
 * applies are forced and name the uid they mean. Where the server keeps answering with something other than what was
 * wanted, that is counted and said once, and not tried again until the object changes; what it calls wrong is not sent
 * again until something changes; and who writes against us is not written against without a pause.
 */
import type { Client } from "../client.ts";
import { ApiError, type ErrorKind, isKind } from "../errors.ts";
import { errorText, type Logger } from "../hooks.ts";
import { controllerOf, type Kind, type KubeObject, keyOf, kindKey, nameOf } from "../objects.ts";
import type { Cache } from "../read/cache.ts";
import type { Clock } from "../run/clock.ts";
import { Brake } from "./brake.ts";
import { canonicalObject, hashOf } from "./canonical.ts";
import { seenOf, uncovered } from "./covers.ts";
import { isAppliedBy } from "./managed.ts";
import { Refusals } from "./refusals.ts";

export interface ApplierOptions {
  client: Pick<Client, "apply" | "get">;
  cache: Pick<Cache, "get" | "wrote" | "onChange">;
  clock: Clock;
  /** Field manager of everything applied here. */
  manager: string;
  /** Annotation that holds the hash of what was wanted last: a wish that was dropped shows by it. */
  hashAnnotation: string;
  log: Logger;
  /** A write has succeeded. */
  onWrite?: (kind: Kind, action: "created" | "applied") => void;
  /** The server's answer to an apply was not what was wanted. */
  onNoEffect?: (kind: Kind, path: string) => void;
}

export interface ApplyRequest {
  kind: Kind;
  desired: KubeObject;
  /** Uid that must control the object; without it, one that carries the hash annotation is ours. */
  owner?: string;
  signal?: AbortSignal;
}

export interface ApplyProblem {
  /** NameConflict, Terminating, PreviousOwner, Contested, or the API server's reason. */
  reason: string;
  message: string;
  kind: ErrorKind | "waiting";
  retryAfterMs?: number;
}

export type Applied =
  | { action: "none" | "created" | "applied"; object: KubeObject }
  | { action: "conflict" | "failed"; error: ApplyProblem };

/**
 * A version that no object has: etcd counts from 1, which is the empty store. To apply it is to say that there must be
 * no object, since the server compares versions where there is one (409) and has nothing to compare where there is none.
 */
const versionOfNothing = "1";

export class Applier {
  readonly #options: ApplierOptions;
  readonly #brake: Brake;
  readonly #refusals: Refusals;
  /** Applies that did not help: what was wanted and what was seen then, by uid. */
  readonly #useless = new Map<string, { hash: string; seen: string }>();
  /** Foreign objects under names of ours, by kind and key, with the owner: looked at first, until they are gone. */
  readonly #foreign = new Map<string, string | undefined>();

  constructor(options: ApplierOptions) {
    this.#options = options;
    this.#brake = new Brake(options.clock);
    this.#refusals = new Refusals(options.clock);
    options.cache.onChange(({ before, now }) => {
      if (now === undefined) this.#forget(before?.metadata.uid ?? "");
    });
  }

  /** The cache must be synced: what it does not show is taken for absent. */
  async apply(request: ApplyRequest): Promise<Applied> {
    try {
      const wish = this.#wish(request);
      const { name, namespace } = wish.object.metadata;
      return await this.#unlessRefused(request, wish, this.#options.cache.get(request.kind, name, namespace));
    } catch (error) {
      return { action: "failed", error: problemOf(error) };
    }
  }

  async #unlessRefused(request: ApplyRequest, wish: Wish, live: KubeObject | undefined): Promise<Applied> {
    const state = () => `${wish.hash} ${live === undefined ? "absent" : seenOf(live, wish.object)}`;
    const refused = this.#refusals.get(keyFor(request), state);
    if (refused !== undefined) return { action: "failed", error: refused };
    try {
      const applied = live === undefined ? await this.#first(request, wish) : await this.#over(request, wish, live);
      this.#refusals.drop(keyFor(request));
      return applied;
    } catch (error) {
      if (isKind(error, "invalid", "terminal"))
        this.#refusals.set(keyFor(request), { owner: request.owner, state: state(), problem: problemOf(error) });
      throw error;
    }
  }

  #wish({ desired }: ApplyRequest): Wish {
    const object = canonicalObject(desired);
    const hash = hashOf(object);
    const annotations = { ...object.metadata.annotations, [this.#options.hashAnnotation]: hash };
    return { hash, object: { ...object, metadata: { ...object.metadata, annotations } } };
  }

  /**
   * Ours, or ours with the owner reference taken off: then it carries our hash still, and has fields that the server
   * knows for ours. What merely is a copy of one of ours has the hash alone.
   */
  async #isOurs(request: ApplyRequest, live: KubeObject): Promise<boolean> {
    const hashed = live.metadata.annotations?.[this.#options.hashAnnotation] !== undefined;
    if (request.owner === undefined) return hashed;
    const controller = controllerOf(live);
    if (controller !== undefined || !hashed) return controller?.uid === request.owner;
    const now = await this.#live(request);
    if (now === undefined || now.metadata.uid !== live.metadata.uid) return false;
    const restored = controllerOf(now);
    if (restored !== undefined) return restored.uid === request.owner;
    return isAppliedBy(now, this.#options.manager) && agreesInLabels(now, request.desired);
  }

  async #over(request: ApplyRequest, wish: Wish, live: KubeObject): Promise<Applied> {
    return (await this.#isOurs(request, live)) ? this.#own(request, wish, live) : conflict(request, live);
  }

  async #own(request: ApplyRequest, wish: Wish, live: KubeObject): Promise<Applied> {
    if (live.metadata.deletionTimestamp !== undefined)
      return waiting("Terminating", `${nameOf(live)} is being deleted; it is made again when it is gone`);
    if (uncovered(live, wish.object) === undefined) return { action: "none", object: live };
    const uid = live.metadata.uid ?? "";
    const useless = this.#useless.get(uid);
    if (useless?.hash === wish.hash && useless.seen === seenOf(live, wish.object))
      return { action: "none", object: live };
    const contest = `${uid} ${wish.hash}`;
    const pause = this.#brake.pause(contest);
    if (pause > 0) return waiting("Contested", `somebody else keeps changing ${nameOf(live)}`, pause);
    const applied = await this.#forced(request, wish, uid);
    this.#brake.spend(contest);
    return applied;
  }

  async #forced(request: ApplyRequest, wish: Wish, uid: string): Promise<Applied> {
    const body = { ...wish.object, metadata: { ...wish.object.metadata, ...(uid === "" ? {} : { uid }) } };
    const { object } = await this.#send(request, body, true);
    return this.#done(request.kind, wish, object, "applied");
  }

  #done(kind: Kind, wish: Wish, object: KubeObject, action: "created" | "applied"): Applied {
    this.#options.cache.wrote(kind, object);
    this.#options.onWrite?.(kind, action);
    this.#checkEffect(kind, wish, object);
    return { action, object };
  }

  #checkEffect(kind: Kind, wish: Wish, answer: KubeObject): void {
    const uid = answer.metadata.uid ?? "";
    const path = uncovered(answer, wish.object);
    if (path === undefined) {
      this.#useless.delete(uid);
      return;
    }
    const known = this.#useless.get(uid);
    this.#useless.set(uid, { hash: wish.hash, seen: seenOf(answer, wish.object) });
    this.#options.onNoEffect?.(kind, path);
    if (known?.hash !== wish.hash)
      this.#options.log.warn({ object: nameOf(answer), path }, "the server does not keep a field as it was applied");
  }

  async #first(request: ApplyRequest, wish: Wish): Promise<Applied> {
    const key = keyFor(request);
    const known = this.#foreign.has(key) ? await this.#live(request) : undefined;
    if (known !== undefined) return this.#found(request, wish, known);
    this.#foreign.delete(key);
    const body = { ...wish.object, metadata: { ...wish.object.metadata, resourceVersion: versionOfNothing } };
    try {
      const { object, created } = await this.#send(request, body, false);
      return this.#done(request.kind, wish, object, created ? "created" : "applied");
    } catch (error) {
      if (!isKind(error, "conflict", "exists")) throw error;
      const live = await this.#live(request);
      if (live === undefined) throw error;
      return this.#found(request, wish, live);
    }
  }

  /** There is one after all: ours without the label it is watched by, or somebody else's. */
  async #found(request: ApplyRequest, wish: Wish, live: KubeObject): Promise<Applied> {
    if (await this.#isOurs(request, live)) {
      this.#foreign.delete(keyFor(request));
      return this.#own(request, wish, live);
    }
    this.#foreign.set(keyFor(request), request.owner);
    return conflict(request, live);
  }

  async #live({ kind, desired, signal }: ApplyRequest): Promise<KubeObject | undefined> {
    const { name, namespace } = desired.metadata;
    try {
      return await this.#options.client.get(kind, name, namespace, signal === undefined ? {} : { signal });
    } catch (error) {
      if (isKind(error, "notfound")) return undefined;
      throw error;
    }
  }

  #send({ kind, signal }: ApplyRequest, body: KubeObject, force: boolean): ReturnType<Client["apply"]> {
    const options = { fieldManager: this.#options.manager, force, ...(signal === undefined ? {} : { signal }) };
    return this.#options.client.apply(kind, body, options);
  }

  /** Everything remembered of an object that is gone, and of what a gone owner wanted. */
  #forget(uid: string): void {
    this.#useless.delete(uid);
    this.#refusals.forget(uid);
    for (const [key, owner] of this.#foreign) if (owner === uid) this.#foreign.delete(key);
  }
}

const keyFor = ({ kind, desired }: ApplyRequest) => `${kindKey(kind)} ${keyOf(desired)}`;

/** Labels taken off may be put back; one that says otherwise is another owner's. */
const agreesInLabels = (there: KubeObject, wanted: KubeObject): boolean =>
  Object.entries(wanted.metadata.labels ?? {}).every(([key, value]) =>
    [undefined, value].includes(there.metadata.labels?.[key]),
  );

interface Wish {
  object: KubeObject;
  hash: string;
}

function conflict(request: ApplyRequest, live: KubeObject): Applied {
  const controller = controllerOf(live);
  const wanted = controllerOf(request.desired);
  if (
    controller !== undefined &&
    wanted !== undefined &&
    controller.kind === wanted.kind &&
    controller.name === wanted.name
  ) {
    return waiting(
      "PreviousOwner",
      `${nameOf(live)} belongs to an earlier ${wanted.kind} ${wanted.name}; it is made again when that one is cleared away`,
    );
  }
  const whose =
    controller === undefined ? "has no controller" : `is controlled by ${controller.kind} ${controller.name}`;
  const message = `${nameOf(live)} exists, is not ours (it ${whose}) and is left alone; delete it, or choose another name`;
  return { action: "conflict", error: { reason: "NameConflict", message, kind: "exists" } };
}

function waiting(reason: string, message: string, retryAfterMs?: number): Applied {
  const problem = { reason, message, kind: "waiting" as const };
  return { action: "failed", error: retryAfterMs === undefined ? problem : { ...problem, retryAfterMs } };
}

function problemOf(error: unknown): ApplyProblem {
  if (!(error instanceof ApiError)) return { reason: "Error", message: errorText(error), kind: "terminal" };
  const { reason, message, kind, retryAfterMs } = error;
  return { reason, message, kind, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
