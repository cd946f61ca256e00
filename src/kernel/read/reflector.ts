/**
 * Keeps a store equal to what the API server has of one kind: list, then watch from there, for as long as the signal
 * lets it. Whatever goes wrong (network, credentials, 410, a line that is no JSON, silence) leads back to watching or
 * listing after a pause that grows; nothing is ever given up, and no watch outlives the signal. It says honestly what
 * its store is worth: unsynced, synced, absent (there is no such API) or stale since a moment.
 */
import { ApiError, isKind } from "../errors.ts";
import { errorText } from "../hooks.ts";
import { compareVersions, type KubeObject } from "../objects.ts";
import { sleep } from "../run/clock.ts";
import { pauseAfter } from "../turn/backoff.ts";
import { dropManagedFields, Holdings } from "./holdings.ts";
import type { Phase, ReflectorOptions, ReflectorStatus } from "./options.ts";
import { queryOf, selects, type WatchSpec, watchId } from "./selector.ts";
import { watchSilence } from "./silence.ts";
import type { Store } from "./store.ts";

interface Pending {
  reason: string;
}

const pageSize = 500;
/** So many lists older than what was seen are refused; then the server was set back for good and is believed. */
const refusals = 10;
/** A watch that has stood for so long is one, also where nothing has happened yet. */
const standsMillis = 3_000;
/** So many watches in a row that told nothing before one broke: what they would have told is asked for by a list. */
const fruitlessWatches = 3;

export class Reflector {
  readonly spec: WatchSpec;
  readonly id: string;
  readonly #holdings: Holdings;
  readonly #options: ReflectorOptions;
  #version = "";
  #list: Pending | undefined = { reason: "start" };
  #phase: Phase = "unsynced";
  #since: number;
  #enteredAt: number;
  #heardAt: number;
  #failures = 0;
  #fruitless = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #relists = 0;
  #malformed = 0;
  #refused = 0;
  #lastError: string | undefined;

  constructor(spec: WatchSpec, store: Store, options: ReflectorOptions) {
    this.spec = spec;
    this.id = watchId(spec);
    this.#holdings = new Holdings(this.id, store, options.transform ?? dropManagedFields);
    this.#options = options;
    this.#since = options.clock.now();
    this.#enteredAt = options.clock.monotonic();
    this.#heardAt = this.#enteredAt;
  }

  status(): ReflectorStatus {
    return {
      id: this.id,
      phase: this.#phase,
      since: this.#since,
      phaseMs: this.#options.clock.monotonic() - this.#enteredAt,
      silentMs: this.#options.clock.monotonic() - this.#heardAt,
      relists: this.#relists,
      malformed: this.#malformed,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  /** Resolves when the signal is aborted, and only then. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#list !== undefined) await this.#relist(this.#list, signal);
        if (signal.aborted) return;
        await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        await sleep(this.#options.clock, this.#failed(error), signal);
      }
    }
  }

  /** An answer to a write of ours: known at once if it is newer, so that no turn acts on a view older than its own write. */
  wrote(object: KubeObject): void {
    if (this.#phase === "unsynced" || !selects(this.spec, object)) return;
    // Up to here everything was told, a deletion that came after that write too: an answer that late brings nothing back.
    const order = compareVersions(object.metadata.resourceVersion, this.#version);
    if (order !== undefined && order <= 0) return;
    this.#holdings.put(object);
  }

  async #relist(why: Pending, signal: AbortSignal): Promise<void> {
    const { client, hooks } = this.#options;
    if (why.reason !== "start") {
      this.#relists += 1;
      hooks?.relisted?.(this.id, why.reason);
    }
    const items: KubeObject[] = [];
    let next: string | undefined;
    let version = "";
    do {
      const page = await client.list(this.spec.kind, {
        ...queryOf(this.spec),
        limit: pageSize,
        signal,
        ...(next === undefined ? {} : { continue: next }),
      });
      if (signal.aborted) return;
      this.#heardAt = this.#options.clock.monotonic();
      items.push(...page.items);
      next = page.continue;
      version = page.resourceVersion;
    } while (next !== undefined);
    if (this.#isSetBack(version)) this.#holdings.startOver(items);
    else this.#holdings.replace(items, version);
    this.#version = version;
    this.#list = undefined;
    this.#fruitless = 0;
    this.#enter("synced");
  }

  /**
   * A list from before what we have seen would take back what has happened: a server that lags is not listened to, one
   * that still says so after all those pauses was set back.
   */
  #isSetBack(version: string): boolean {
    const order = compareVersions(version, this.#version);
    const older = order !== undefined && order < 0;
    if (!older || this.#refused >= refusals) {
      this.#refused = 0;
      return older;
    }
    this.#refused += 1;
    const message = `the list is older (${version}) than what was already seen (${this.#version})`;
    throw new ApiError({ status: 0, reason: "OldList", message, kind: "transient" });
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const start = clock.monotonic();
    const heardAt = (): number => Math.max(start, this.#heardAt);
    const rest = watchSilence(clock, this.#options.silenceMs ?? 120_000, { heardAt, stop });
    let standing = (): void => undefined;
    try {
      const lines = this.#options.client.watch(this.spec.kind, {
        ...queryOf(this.spec),
        resourceVersion: this.#version,
        timeoutSeconds: Math.round(300 + random() * 300),
        signal: either,
        // Being let in is not being told: what breaks at once each time would look in touch for ever.
        opened: () => {
          this.#fruitless += 1;
          standing = clock.after(standsMillis, () => this.#enter("synced"));
        },
        heard: () => {
          this.#heardAt = clock.monotonic();
        },
      });
      for await (const line of lines) {
        if (signal.aborted) return;
        this.#event(line);
        this.#fruitless = 0;
        this.#enter("synced");
      }
    } finally {
      standing();
      rest();
      stop.abort();
    }
    // A server that ends watches as soon as they are opened must not be asked in a circle.
    if (clock.monotonic() - start < 1000 && !signal.aborted)
      throw new Error("the watch was ended as soon as it was opened");
  }

  #event(line: string): void {
    const event = this.#parse(line);
    const { object } = event;
    if (event.type === "ERROR") {
      const {
        code = 0,
        reason = "Error",
        message = "",
      } = object as unknown as { code?: number; reason?: string; message?: string };
      const kind = code === 410 ? "gone" : "transient";
      throw new ApiError({ status: code, reason, message: `the watch reported: ${message}`, kind });
    }
    const version = object.metadata.resourceVersion;
    if (event.type === "ADDED" || event.type === "MODIFIED") this.#holdings.put(object);
    else if (event.type === "DELETED") this.#holdings.deleted(object);
    const order = compareVersions(version, this.#version);
    if (version !== undefined && (order === undefined || order > 0)) this.#version = version;
  }

  #parse(line: string): { type: string; object: KubeObject } {
    try {
      const event = JSON.parse(line) as { type: string; object: KubeObject };
      if (event.type !== "ERROR" && typeof event.object.metadata !== "object") throw new Error("no metadata");
      return event;
    } catch (error) {
      this.#malformed += 1;
      this.#options.hooks?.malformed?.(this.id);
      // What was in that line is not known: only a list tells.
      this.#list = { reason: "malformed" };
      throw new Error(`malformed line in the watch: ${line.slice(0, 80)}`, { cause: error });
    }
  }

  /** Notes a failure; the result is how long to wait. */
  #failed(error: unknown): number {
    const { clock, log, random, absentMs = 60_000, backoff = { firstMs: 800, maxMs: 30_000 } } = this.#options;
    this.#lastError = errorText(error);
    if (this.#fruitless >= fruitlessWatches) this.#list ??= { reason: "fruitless" };
    if (isKind(error, "gone")) this.#list = { reason: "gone" };
    if (isKind(error, "notfound")) {
      this.#list = { reason: "absent" };
      if (this.spec.optional === true) {
        this.#holdings.replace([], "");
        this.#version = "";
        this.#enter("absent");
        return absentMs * (0.5 + (random ?? Math.random)());
      }
    }
    if (this.#phase !== "unsynced") this.#enter("stale");
    const now = clock.monotonic();
    this.#failures = now - this.#failedAt > 120_000 ? 1 : this.#failures + 1;
    this.#failedAt = now;
    const jittered = pauseAfter(this.#failures, random === undefined ? backoff : { ...backoff, random });
    const pause = Math.max(jittered, error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0);
    log.warn(
      { watch: this.id, error: this.#lastError, failures: this.#failures, retryInMs: Math.round(pause) },
      "watch failed",
    );
    return pause;
  }

  #enter(phase: Phase): void {
    if (phase === this.#phase) return;
    this.#options.log.debug({ watch: this.id, phase, was: this.#phase }, "watch changed phase");
    this.#phase = phase;
    this.#since = this.#options.clock.now();
    this.#enteredAt = this.#options.clock.monotonic();
  }
}
