/**
 * Deletes what is ours and no longer wanted, and errs on the side of keeping: only with a synced cache, only after
 * everything wanted has been applied, only after a look at the live object, and only that very state of it. Kinds that
 * hold data are never deleted here.
 */
import type { Client } from "../client.ts";
import { isKind } from "../errors.ts";
import { controllerOf, type Kind, type KubeObject, keyOf, kindKey } from "../objects.ts";
import type { Applied } from "./apply.ts";

export interface PruneOptions {
  client: Pick<Client, "get" | "delete">;
  cache: { synced(): boolean; byOwner(uid: string, kind?: Kind): readonly KubeObject[] };
  /** Kinds that are pruned; no other is looked at. */
  kinds: readonly Kind[];
}

export interface PruneRequest {
  /** Uid that controls what may be deleted. */
  owner: string;
  /** What is wanted. */
  desired: readonly { kind: Kind; object: KubeObject }[];
  /** What came of applying it. */
  applied: readonly Applied[];
  signal?: AbortSignal;
}

export type Pruned =
  | { skipped: "not-synced" | "not-all-applied" }
  | { deleted: KubeObject[]; failed: { object: KubeObject; error: unknown }[] };

/** PersistentVolumeClaims and Secrets, whoever asks. */
const keep = new Set(["v1/persistentvolumeclaims", "v1/secrets"]);

export async function prune(options: PruneOptions, request: PruneRequest): Promise<Pruned> {
  if (!options.cache.synced()) return { skipped: "not-synced" };
  if (request.applied.some(({ action }) => action === "failed" || action === "conflict"))
    return { skipped: "not-all-applied" };
  const wanted = new Set(request.desired.map(({ kind, object }) => `${kindKey(kind)} ${keyOf(object)}`));
  const deleted: KubeObject[] = [];
  const failed: { object: KubeObject; error: unknown }[] = [];
  for (const kind of options.kinds.filter((each) => !keep.has(kindKey(each)))) {
    for (const object of options.cache.byOwner(request.owner, kind)) {
      if (controllerOf(object)?.uid !== request.owner || wanted.has(`${kindKey(kind)} ${keyOf(object)}`)) continue;
      try {
        if (await remove(options, kind, object, request)) deleted.push(object);
      } catch (error) {
        failed.push({ object, error });
      }
    }
  }
  return { deleted, failed };
}

async function remove(options: PruneOptions, kind: Kind, cached: KubeObject, request: PruneRequest): Promise<boolean> {
  const { owner, signal } = request;
  const call = signal === undefined ? {} : { signal };
  try {
    const live = await options.client.get(kind, cached.metadata.name, cached.metadata.namespace, call);
    const { name, namespace, uid, resourceVersion, deletionTimestamp } = live.metadata;
    if (uid !== cached.metadata.uid || controllerOf(live)?.uid !== owner || deletionTimestamp !== undefined)
      return false;
    if (uid === undefined || resourceVersion === undefined) return false;
    const exactly = { name, uid, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
    await options.client.delete(kind, exactly, call);
    return true;
  } catch (error) {
    if (isKind(error, "notfound")) return false;
    throw error;
  }
}
