/**
 * Everything the operator sees, in memory: one store for each kind, fed by reflectors. Reads are from here alone and
 * cost what they return, not what there is. Objects are shared with every reader and must not be changed.
 */
import { errorText, type Logger } from "../hooks.ts";
import { type Kind, type KubeObject, kindKey } from "../objects.ts";
import { type Clock, sleep } from "../run/clock.ts";
import type { ReflectorOptions, ReflectorStatus } from "./options.ts";
import { Reflector } from "./reflector.ts";
import type { WatchSpec } from "./selector.ts";
import { type Change, Store } from "./store.ts";

export interface KindChange extends Change {
  kind: Kind;
}

export type Listener = (change: KindChange) => void;

export interface CacheOptions extends ReflectorOptions {
  watches: readonly WatchSpec[];
  /** Labels by which lists are quick. */
  indexedLabels?: readonly string[];
  /** A watch that has failed for longer than this makes the cache unsynced; 60 s unless told. */
  staleMs?: number;
}

export class Cache {
  readonly #stores = new Map<string, Store>();
  readonly #reflectors: Reflector[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #staleMs: number;

  constructor(options: CacheOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#staleMs = options.staleMs ?? 60_000;
    for (const spec of options.watches) {
      const { kind } = spec;
      const key = kindKey(kind);
      const store =
        this.#stores.get(key) ?? new Store(options.indexedLabels ?? [], (change) => this.#tell({ ...change, kind }));
      this.#stores.set(key, store);
      const reflector = new Reflector(spec, store, options);
      if (this.#reflectors.some((other) => other.id === reflector.id)) {
        throw new Error(`two watches are called "${reflector.id}"; give one of them another id`);
      }
      this.#reflectors.push(reflector);
    }
  }

  /** Watches until the signal is aborted; resolves when every watch has ended. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }

  /** Every kind has been listed, and none has been out of touch for long. Nothing may be deleted otherwise. */
  synced(): boolean {
    return this.status().every(
      ({ phase, phaseMs }) => phase !== "unsynced" && !(phase === "stale" && phaseMs > this.#staleMs),
    );
  }

  async whenSynced(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.synced()) await sleep(this.#clock, 50, signal);
  }

  status(): ReflectorStatus[] {
    return this.#reflectors.map((reflector) => reflector.status());
  }

  get(kind: Kind, name: string, namespace?: string): KubeObject | undefined {
    return this.#store(kind).get(name, namespace);
  }

  list(kind: Kind, query: { namespace?: string; labels?: Readonly<Record<string, string>> } = {}): KubeObject[] {
    return this.#store(kind).list(query);
  }

  /** Objects that name this uid among their owners; of one kind, or of all. */
  byOwner(uid: string, kind?: Kind): KubeObject[] {
    const stores = kind === undefined ? [...this.#stores.values()] : [this.#store(kind)];
    return stores.flatMap((store) => store.byOwner(uid));
  }

  /** The API server's answer to a write of ours. */
  wrote(kind: Kind, object: KubeObject): void {
    for (const reflector of this.#reflectors)
      if (kindKey(reflector.spec.kind) === kindKey(kind)) reflector.wrote(object);
  }

  /** Told of every change, `now` for what is there and `before` for what was; the result unsubscribes. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #store(kind: Kind): Store {
    const store = this.#stores.get(kindKey(kind));
    if (store === undefined)
      throw new Error(`${kind.kind} (${kind.apiVersion}) is not watched; add it to the cache's watches`);
    return store;
  }

  #tell(change: KindChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#log.error({ kind: change.kind.kind, error: errorText(error) }, "a listener to changes threw");
      }
    }
  }
}
