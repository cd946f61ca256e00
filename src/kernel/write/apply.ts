/**
 * Server-side apply, and only on difference: what the cache shows as wanted costs no write. An object of that name that
 * is not ours is never taken over: the first apply is not forced, and one that has met a foreign object gives its
 * fields back. Later applies are forced and name the uid they mean. Where the server keeps answering with something
 * other than what was wanted, that is counted and said once, and not tried again until the object changes.
 */
import type { Client } from "../client.ts";
import { ApiError, type ErrorKind, isKind } from "../errors.ts";
import { errorText, type Logger } from "../hooks.ts";
import { controllerOf, type Kind, type KubeObject, keyOf, kindKey, nameOf } from "../objects.ts";
import { canonicalObject, hashOf } from "./canonical.ts";
import { seenOf, uncovered } from "./covers.ts";
import { beforeWrite } from "./foreign.ts";

export interface ApplierOptions {
  client: Pick<Client, "apply" | "get" | "list">;
  cache: {
    get(kind: Kind, name: string, namespace?: string): KubeObject | undefined;
    wrote(kind: Kind, object: KubeObject): void;
  };
  /** Field manager of everything applied here. */
  manager: string;
  /** Annotation that holds the hash of what was wanted last: a wish that was dropped shows by it. */
  hashAnnotation: string;
  log: Logger;
  /** A write has succeeded. */
  onWrite?: (kind: Kind, action: "created" | "applied" | "given-back") => void;
  /** The server's answer to an apply was not what was wanted. */
  onNoEffect?: (kind: Kind, path: string) => void;
}

export interface ApplyRequest {
  kind: Kind;
  desired: KubeObject;
  /** Uid that must control the object; without it, one that carries the hash annotation is ours. */
  owner?: string;
  /** When that owner was made: what is clearly older was made by somebody else, whatever it carries. */
  ownerMade?: string;
  signal?: AbortSignal;
}

export interface ApplyProblem {
  /** NameConflict, Terminating, PreviousOwner, or the API server's reason. */
  reason: string;
  message: string;
  kind: ErrorKind | "waiting";
  retryAfterMs?: number;
}

export type Applied =
  | { action: "none" | "created" | "applied"; object: KubeObject }
  | { action: "conflict" | "failed"; error: ApplyProblem };

export class Applier {
  readonly #options: ApplierOptions;
  /** Applies that did not help: what was wanted and what was seen then, by uid. */
  readonly #useless = new Map<string, { hash: string; seen: string }>();
  /** Foreign objects under names of ours, by kind and key: looked at, not applied to, until they are gone. */
  readonly #foreign = new Set<string>();
  /** Answers of first applies that met an object of which it was not yet found out whose it is. */
  readonly #unsettled = new Map<string, KubeObject>();

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /** The cache must be synced: what it does not show is taken for absent. */
  async apply(request: ApplyRequest): Promise<Applied> {
    try {
      const wish = this.#wish(request);
      const met = this.#unsettled.get(keyFor(request));
      if (met !== undefined) return await this.#settle(request, wish, met);
      const live = this.#options.cache.get(request.kind, wish.object.metadata.name, wish.object.metadata.namespace);
      if (live !== undefined) return await this.#over(request, wish, live);
      return await this.#first(request, wish);
    } catch (error) {
      return failed(error);
    }
  }

  #wish({ desired }: ApplyRequest): Wish {
    const object = canonicalObject(desired);
    const hash = hashOf(object);
    const annotations = { ...object.metadata.annotations, [this.#options.hashAnnotation]: hash };
    return { hash, object: { ...object, metadata: { ...object.metadata, annotations } } };
  }

  #ours(request: ApplyRequest, live: KubeObject): boolean {
    if (request.owner !== undefined) return controllerOf(live)?.uid === request.owner;
    return live.metadata.annotations?.[this.#options.hashAnnotation] !== undefined;
  }

  async #over(request: ApplyRequest, wish: Wish, live: KubeObject): Promise<Applied> {
    if (!this.#ours(request, live)) return conflict(request, live);
    if (isOlder(live, request.ownerMade)) {
      // A process before us met it and ended before it gave the fields back.
      this.#unsettled.set(keyFor(request), live);
      return this.#return(request, live);
    }
    if (live.metadata.deletionTimestamp !== undefined)
      return waiting("Terminating", `${nameOf(live)} is being deleted; it is made again when it is gone`);
    if (uncovered(live, wish.object) === undefined) return { action: "none", object: live };
    const useless = this.#useless.get(live.metadata.uid ?? "");
    if (useless?.hash === wish.hash && useless.seen === seenOf(live, wish.object))
      return { action: "none", object: live };
    return this.#forced(request, wish, live.metadata.uid);
  }

  async #forced(request: ApplyRequest, wish: Wish, uid: string | undefined): Promise<Applied> {
    const body = { ...wish.object, metadata: { ...wish.object.metadata, ...(uid === undefined ? {} : { uid }) } };
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
    const { kind } = request;
    const key = keyFor(request);
    if (this.#foreign.has(key)) {
      const live = await this.#live(request, wish);
      if (live !== undefined && !this.#ours(request, live)) return conflict(request, live);
      this.#foreign.delete(key);
      if (live !== undefined) return this.#over(request, wish, live);
    }
    let answer: Awaited<ReturnType<Client["apply"]>>;
    try {
      answer = await this.#send(request, wish.object, false);
    } catch (error) {
      // Somebody else's values stand in the way: whose object is it?
      if (!isKind(error, "conflict", "invalid")) throw error;
      const live = await this.#live(request, wish);
      if (live === undefined) throw error;
      if (this.#ours(request, live)) return this.#over(request, wish, live);
      this.#foreign.add(key);
      return conflict(request, live);
    }
    if (answer.created) return this.#done(kind, wish, answer.object, "created");
    this.#unsettled.set(key, answer.object);
    return this.#met(request, wish, answer.object);
  }

  /** An earlier turn could not find out, or not give back: first of all now, unless the object is gone. */
  async #settle(request: ApplyRequest, wish: Wish, met: KubeObject): Promise<Applied> {
    const live = await this.#live(request, wish);
    if (live?.metadata.uid === met.metadata.uid) return this.#met(request, wish, met);
    this.#unsettled.delete(keyFor(request));
    return live === undefined ? this.#first(request, wish) : this.#over(request, wish, live);
  }

  /** There was one after all, and it has our fields now: ours without the label it is watched by, or somebody else's. */
  async #met(request: ApplyRequest, wish: Wish, object: KubeObject): Promise<Applied> {
    const { kind, signal } = request;
    const before = (await beforeWrite(this.#options.client, kind, object, signal)) ?? object;
    if (!this.#ours(request, before) || isOlder(object, request.ownerMade))
      return this.#return(request, object, before);
    this.#unsettled.delete(keyFor(request));
    if (uncovered(object, wish.object) !== undefined) return this.#over(request, wish, object);
    return this.#done(kind, wish, object, "applied");
  }

  async #return(request: ApplyRequest, object: KubeObject, before?: KubeObject): Promise<Applied> {
    await this.#giveBack(request, object);
    this.#unsettled.delete(keyFor(request));
    this.#foreign.add(keyFor(request));
    return conflict(request, before ?? (await this.#live(request, { object, hash: "" })) ?? object);
  }

  async #giveBack({ kind, signal }: ApplyRequest, object: KubeObject): Promise<void> {
    const { name, namespace, uid } = object.metadata;
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) };
    const bare = { apiVersion: kind.apiVersion, kind: kind.kind, metadata };
    await this.#options.client.apply(kind, bare, {
      fieldManager: this.#options.manager,
      ...(signal === undefined ? {} : { signal }),
    });
    this.#options.onWrite?.(kind, "given-back");
  }

  async #live({ kind, signal }: ApplyRequest, wish: Wish): Promise<KubeObject | undefined> {
    const { name, namespace } = wish.object.metadata;
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
}

const keyFor = ({ kind, desired }: ApplyRequest) => `${kindKey(kind)} ${keyOf(desired)}`;

/** By more than the clocks of two API servers may differ. */
const clockSkewMillis = 60_000;

function isOlder(object: KubeObject, ownerMade: string | undefined): boolean {
  const [made, owner] = [Date.parse(object.metadata.creationTimestamp ?? ""), Date.parse(ownerMade ?? "")];
  return made < owner - clockSkewMillis;
}

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

function waiting(reason: string, message: string): Applied {
  return { action: "failed", error: { reason, message, kind: "waiting" } };
}

function failed(error: unknown): Applied {
  if (!(error instanceof ApiError))
    return { action: "failed", error: { reason: "Error", message: errorText(error), kind: "terminal" } };
  const { reason, message, kind, retryAfterMs } = error;
  return {
    action: "failed",
    error: { reason, message, kind, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  };
}
