/** What one reflector has seen and still holds in its kind's store, by key: never older than what it was before. */
import { compareVersions, type KubeObject, keyOf } from "../objects.ts";
import type { Store } from "./store.ts";

export class Holdings {
  readonly #holder: string;
  readonly #store: Store;
  readonly #transform: (object: KubeObject) => KubeObject;
  readonly #versions = new Map<string, string | undefined>();

  constructor(holder: string, store: Store, transform: (object: KubeObject) => KubeObject) {
    this.#holder = holder;
    this.#store = store;
    this.#transform = transform;
  }

  put(given: KubeObject): void {
    const object = this.#transform(given);
    const key = keyOf(object);
    const version = object.metadata.resourceVersion;
    const order = compareVersions(version, this.#versions.get(key));
    if (order !== undefined && order < 0) return;
    this.#versions.set(key, version);
    this.#store.put(this.#holder, object);
  }

  /** A whole list of a server that was set back: its versions are of another history and say nothing about those held. */
  startOver(items: readonly KubeObject[]): void {
    const listed = new Set(items.map(keyOf));
    for (const key of this.#versions.keys()) if (!listed.has(key)) this.#drop(key);
    for (const item of items) {
      this.#versions.set(keyOf(item), item.metadata.resourceVersion);
      this.#store.replace(this.#holder, this.#transform(item));
    }
  }

  deleted(object: KubeObject): void {
    const key = keyOf(object);
    const order = compareVersions(object.metadata.resourceVersion, this.#versions.get(key));
    // Already known to have come back as another object.
    if (order !== undefined && order < 0) return;
    this.#drop(key, this.#transform(object));
  }

  /** A whole list, as of that version. */
  replace(items: readonly KubeObject[], version: string): void {
    const listed = new Set<string>();
    for (const item of items) {
      listed.add(keyOf(item));
      this.put(item);
    }
    for (const [key, known] of this.#versions) {
      if (listed.has(key)) continue;
      const order = compareVersions(known, version);
      // Newer than the list: a write of ours, which the watch from there on will tell of.
      if (order === undefined || order <= 0) this.#drop(key);
    }
  }

  #drop(key: string, last?: KubeObject): void {
    this.#versions.delete(key);
    this.#store.drop(this.#holder, key, last);
  }
}

export function dropManagedFields(object: KubeObject): KubeObject {
  if (!("managedFields" in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata as KubeObject["metadata"] & { managedFields: unknown };
  return { ...object, metadata };
}
