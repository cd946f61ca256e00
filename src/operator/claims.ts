/**
 * A database's claim as it is kept: storage only grows; with `retention: Delete` the claim goes with its flow, by an
 * owner reference. A size that the API server has refused (a StorageClass that cannot grow, a quota) is not asked for
 * again for a while, and is said meanwhile; it holds up nothing else. A claim that was never made asks for what its
 * StatefulSet's template says, which cannot change: where that is no longer wanted the StatefulSet is made anew.
 */
import { type ClaimWanted, claimWanted } from "../hops/database.ts";
import { templateWanted } from "../hops/database-desire.ts";
import type { Client } from "../kernel/client.ts";
import { isKind } from "../kernel/errors.ts";
import { controllerOf, type Kind, type KubeObject } from "../kernel/objects.ts";
import type { Clock } from "../kernel/run/clock.ts";
import { uncovered } from "../kernel/write/covers.ts";
import type { Failure, Objects } from "../reconcile/observe.ts";
import { ownerOf } from "../reconcile/plan.ts";
import type { Written } from "../reconcile/reconcile.ts";
import { names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import { compareQuantities } from "../webflow/quantity.ts";
import type { Flow } from "../webflow/types.ts";
import { done, failureOf } from "./written.ts";

export interface ClaimsOptions {
  client: Pick<Client, "patch" | "list" | "delete">;
  objects: Objects & { wrote(kind: Kind, object: KubeObject): void };
  clock: Clock;
}

/** Who refused may have been changed since, which nobody tells us. */
const askAgainMillis = 600_000;
/** How long a StatefulSet has to make its claim. */
const claimingMillis = 30_000;

export class Claims {
  readonly #options: ClaimsOptions;
  /** By uid of the claim, the size that was refused, and until when it is not asked for. */
  readonly #refused = new Map<string, { storage: string; until: number; failure: Failure }>();
  /** By uid of the flow, the template that a StatefulSet was last made anew for: once, whatever is then made of it. */
  readonly #remade = new Map<string, string>();

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  async tend(flow: Flow): Promise<Written> {
    const wanted = claimWanted(flow);
    if (wanted === undefined) return done(false);
    const claim = this.#options.objects.get(kinds.PersistentVolumeClaim, wanted.name, flow.namespace);
    if (claim === undefined) return this.#remake(flow, wanted);
    const patch = claimPatch(claim, flow, wanted);
    if (patch === undefined) return done(false);
    const { spec, metadata } = patch;
    const owned = metadata.ownerReferences === undefined ? done(false) : await this.#send(claim, { metadata });
    if (!owned.ok || spec === undefined) return owned;
    const refused = this.#refusal(claim, wanted);
    if (refused !== undefined) return { ok: false, failure: refused, retry: false };
    return this.#grow(this.#options.objects.get(kinds.PersistentVolumeClaim, wanted.name, flow.namespace) ?? claim, {
      storage: wanted.storage,
      spec,
    });
  }

  /** Deletes the StatefulSet, for the next turn to make; only where no data can be: no claim of any label, and no pod. */
  async #remake(flow: Flow, { name }: ClaimWanted): Promise<Written> {
    const { objects, client, clock } = this.#options;
    const set = objects.get(kinds.StatefulSet, names.database(flow), flow.namespace);
    const wish = JSON.stringify(templateWanted(flow));
    if (set === undefined || !isOutdated(set, flow, clock.now()) || this.#remade.get(flow.uid) === wish)
      return done(false);
    try {
      if (await this.#isThere(kinds.PersistentVolumeClaim, name, flow)) return done(false);
      if (await this.#isThere(kinds.Pod, names.databasePod(flow), flow)) return done(false);
      const { uid = "", resourceVersion = "" } = set.metadata;
      const exactly = { name: set.metadata.name, namespace: flow.namespace, uid, resourceVersion };
      await client.delete(kinds.StatefulSet, exactly);
    } catch (error) {
      return failureOf(error);
    }
    this.#remade.set(flow.uid, wish);
    return done(true);
  }

  /** By the API server, since the cache holds only what wears our labels. */
  async #isThere(kind: Kind, name: string, { namespace }: Flow): Promise<boolean> {
    const query = { namespace, fieldSelector: `metadata.name=${name}`, limit: 1 };
    return (await this.#options.client.list(kind, query)).items.length > 0;
  }

  #refusal(claim: KubeObject, { storage }: ClaimWanted): Failure | undefined {
    const uid = claim.metadata.uid ?? "";
    const known = this.#refused.get(uid);
    if (known?.storage === storage && this.#options.clock.monotonic() < known.until) return known.failure;
    this.#refused.delete(uid);
    return undefined;
  }

  async #grow(claim: KubeObject, wanted: { storage: string; spec: object }): Promise<Written> {
    try {
      return await this.#patch(claim, { spec: wanted.spec });
    } catch (error) {
      const written = failureOf(error);
      if (written.ok || !isKind(error, "denied", "invalid")) return written;
      const until = this.#options.clock.monotonic() + askAgainMillis;
      this.#refused.set(claim.metadata.uid ?? "", { storage: wanted.storage, until, failure: written.failure });
      return { ...written, retry: false };
    }
  }

  async #send(claim: KubeObject, patch: ClaimPatch): Promise<Written> {
    try {
      return await this.#patch(claim, patch);
    } catch (error) {
      return failureOf(error);
    }
  }

  async #patch(claim: KubeObject, patch: { metadata?: object; spec?: object }): Promise<Written> {
    const { name, namespace = "", resourceVersion } = claim.metadata;
    const body = { ...patch, metadata: { ...patch.metadata, resourceVersion } };
    const { client, objects } = this.#options;
    const object = await client.patch(kinds.PersistentVolumeClaim, { name, namespace }, body, { type: "merge" });
    objects.wrote(kinds.PersistentVolumeClaim, object);
    return done(true);
  }
}

/** Whether the StatefulSet is ours and has had its time, and its claim's template is not what is wanted today. */
function isOutdated(set: KubeObject, flow: Flow, now: number): boolean {
  const { deletionTimestamp, creationTimestamp = "" } = set.metadata;
  if (controllerOf(set)?.uid !== flow.uid || deletionTimestamp !== undefined) return false;
  if (!(now - Date.parse(creationTimestamp) >= claimingMillis)) return false;
  const { apiVersion, kind, metadata } = set;
  const spec = { volumeClaimTemplates: [templateWanted(flow)] };
  return uncovered(set, { apiVersion, kind, metadata: { name: metadata.name }, spec }) !== undefined;
}

interface ClaimPatch {
  metadata: { ownerReferences?: unknown[] };
  spec?: { resources: { requests: { storage: string } } };
}

/** What is amiss with the claim; undefined when nothing is. */
export function claimPatch(claim: KubeObject, flow: Flow, wanted: ClaimWanted): ClaimPatch | undefined {
  const spec = claim.spec as { resources?: { requests?: { storage?: string } } } | undefined;
  const has = spec?.resources?.requests?.storage;
  const grows = has !== undefined && compareQuantities(wanted.storage, has) > 0;
  const owners = claim.metadata.ownerReferences ?? [];
  const owned = owners.some((owner) => owner.uid === flow.uid);
  if (!grows && owned === wanted.owned) return undefined;
  const others = owners.filter((owner) => owner.uid !== flow.uid);
  // Not its controller: that is for the StatefulSet to be, should it ever want to.
  const { controller: _, ...owner } = ownerOf(flow);
  return {
    metadata: owned === wanted.owned ? {} : { ownerReferences: wanted.owned ? [...others, owner] : others },
    ...(grows ? { spec: { resources: { requests: { storage: wanted.storage } } } } : {}),
  };
}
