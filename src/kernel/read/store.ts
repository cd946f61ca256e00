/**
 * Objects of one kind in memory, fed by one or more reflectors, with indexes by namespace, owner and a few labels. An
 * object stays as long as one of its holders holds it; readers see the union. Whoever reads must not change what he is
 * given: it is the only copy.
 */
import { compareVersions, type KubeObject, keyOf } from "../objects.ts";

export interface Change {
  before?: KubeObject;
  now?: KubeObject;
}

interface Entry {
  object: KubeObject;
  holders: Set<string>;
}

export class Store {
  readonly #entries = new Map<string, Entry>();
  readonly #index = new Map<string, Set<string>>();
  readonly #labels: readonly string[];
  readonly #changed: (change: Change) => void;

  constructor(indexedLabels: readonly string[], changed: (change: Change) => void) {
    this.#labels = indexedLabels;
    this.#changed = changed;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(name: string, namespace?: string): KubeObject | undefined {
    return this.#entries.get(namespace === undefined ? name : `${namespace}/${name}`)?.object;
  }

  list(query: { namespace?: string; labels?: Readonly<Record<string, string>> }): KubeObject[] {
    const wanted = Object.entries(query.labels ?? {});
    const { namespace } = query;
    const found: KubeObject[] = [];
    for (const key of this.#narrowest(namespace, wanted)) {
      const object = this.#entries.get(key)?.object;
      if (object === undefined || (namespace !== undefined && object.metadata.namespace !== namespace)) continue;
      if (wanted.every(([name, value]) => object.metadata.labels?.[name] === value)) found.push(object);
    }
    return found;
  }

  byOwner(uid: string): KubeObject[] {
    const found: KubeObject[] = [];
    for (const key of this.#index.get(`owner ${uid}`) ?? []) {
      const object = this.#entries.get(key)?.object;
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  /** Unless what is there is as new, or newer. */
  put(holder: string, object: KubeObject): void {
    const entry = this.#entries.get(keyOf(object));
    const [version, known] = [object.metadata.resourceVersion, entry?.object.metadata.resourceVersion];
    const order = compareVersions(version, known);
    if (entry === undefined || (version !== known && (order === undefined || order > 0))) this.replace(holder, object);
    else entry.holders.add(holder);
  }

  /** Whatever is there: another holder may still have it from before the server was set back. */
  replace(holder: string, object: KubeObject): void {
    const key = keyOf(object);
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, { object, holders: new Set([holder]) });
      this.#file(key, object);
      this.#changed({ now: object });
      return;
    }
    entry.holders.add(holder);
    const before = entry.object;
    this.#unfile(key, before);
    entry.object = object;
    this.#file(key, object);
    if (before.metadata.uid === object.metadata.uid) this.#changed({ before, now: object });
    else {
      // Another object of the same name: the first one is gone, and nobody may take one for the other.
      this.#changed({ before });
      this.#changed({ now: object });
    }
  }

  /** `last`: the object as it was when it went, where that is known. */
  drop(holder: string, key: string, last?: KubeObject): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || !entry.holders.delete(holder) || entry.holders.size > 0) return;
    this.#entries.delete(key);
    this.#unfile(key, entry.object);
    this.#changed({ before: last?.metadata.uid === entry.object.metadata.uid ? (last ?? entry.object) : entry.object });
  }

  #narrowest(namespace: string | undefined, wanted: readonly [string, string][]): Iterable<string> {
    let best: ReadonlySet<string> | undefined;
    const consider = (name: string): void => {
      const keys = this.#index.get(name) ?? new Set();
      if (best === undefined || keys.size < best.size) best = keys;
    };
    if (namespace !== undefined) consider(`namespace ${namespace}`);
    for (const [name, value] of wanted) if (this.#labels.includes(name)) consider(`label ${name}=${value}`);
    return best ?? this.#entries.keys();
  }

  #terms(object: KubeObject): string[] {
    const { namespace, labels, ownerReferences } = object.metadata;
    const terms = (ownerReferences ?? []).map((owner) => `owner ${owner.uid}`);
    if (namespace !== undefined) terms.push(`namespace ${namespace}`);
    for (const name of this.#labels) if (labels?.[name] !== undefined) terms.push(`label ${name}=${labels[name]}`);
    return terms;
  }

  #file(key: string, object: KubeObject): void {
    for (const term of this.#terms(object)) {
      const keys = this.#index.get(term);
      if (keys === undefined) this.#index.set(term, new Set([key]));
      else keys.add(key);
    }
  }

  #unfile(key: string, object: KubeObject): void {
    for (const term of this.#terms(object)) {
      const keys = this.#index.get(term);
      keys?.delete(key);
      if (keys?.size === 0) this.#index.delete(term);
    }
  }
}
