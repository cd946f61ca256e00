/**
 * The API server in raw JSON: what goes out is what was given and what comes in is what was sent, field by field.
 * Each call ends within its deadline. Calls that may be repeated without harm are, a few times and only on errors that
 * pass; everything else is the caller's to decide, by the kind of the error.
 */
import type { ApplyAnswer, ApplyOptions, CallOptions, Exactly, ListPage, ListQuery, WatchQuery } from "./calls.ts";
import type { Connection } from "./connection.ts";
import { ApiError, isKind } from "./errors.ts";
import { type Kind, type KubeObject, type Metadata, pathOf } from "./objects.ts";
import { type Clock, sleep, systemClock } from "./run/clock.ts";
import { type Call, Wire } from "./wire.ts";

export interface ClientOptions {
  connection: Connection;
  /** Example: webflow-operator/0.1.0 */
  userAgent: string;
  clock?: Clock;
  /** Kept connections for requests, 8 unless told. */
  connections?: number;
  deadlineMs?: number;
  random?: () => number;
  /** Ends every call under way and to come: what a leader began must not go on without the lease. */
  signal?: AbortSignal;
  /** Called as each call that is not a GET is sent; throwing refuses it. A leader that has lost its lease must not write. */
  beforeWrite?: (call: { method: Call["method"]; path: string }) => void;
  /** Told of every answer: method, path and status (0: none came). */
  onAnswer?: (answer: { method: Call["method"]; path: string; status: number; millis: number }) => void;
}

const attempts = 4;

export class Client {
  readonly #wire: Wire;
  readonly #options: ClientOptions;
  readonly #clock: Clock;
  readonly #random: () => number;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#wire = new Wire(options.connection, options.userAgent, options.connections ?? 8);
  }

  async get(kind: Kind, name: string, namespace?: string, options: CallOptions = {}): Promise<KubeObject> {
    return this.#repeat({ method: "GET", path: pathOf(kind, namespace, name) }, options);
  }

  async list(kind: Kind, query: ListQuery = {}): Promise<ListPage> {
    const { signal, deadlineMs, namespace, ...rest } = query;
    const call: Request = { method: "GET", path: pathOf(kind, namespace) + queryOf(rest) };
    const list = (await this.#repeat(
      call,
      optional({ signal, deadlineMs: deadlineMs ?? 30_000 }),
    )) as unknown as RawList;
    for (const item of list.items ?? []) {
      item.apiVersion = kind.apiVersion;
      item.kind = kind.kind;
    }
    const next = list.metadata.continue;
    return {
      items: list.items ?? [],
      resourceVersion: list.metadata.resourceVersion ?? "",
      continue: next === "" ? undefined : next,
    };
  }

  /** Lines of a watch as they come, bookmarks included; ends when the server ends it. */
  watch(kind: Kind, query: WatchQuery): AsyncGenerator<string> {
    const { signal, opened, heard, namespace, ...rest } = query;
    const path = pathOf(kind, namespace) + queryOf({ ...rest, watch: "true", allowWatchBookmarks: "true" });
    const nothing = (): void => undefined;
    return this.#wire.lines(path, signal, { opened: opened ?? nothing, heard: heard ?? nothing });
  }

  async apply(kind: Kind, object: KubeObject, options: ApplyOptions): Promise<ApplyAnswer> {
    const { signal, deadlineMs, fieldManager, force, dryRun, subresource } = options;
    const path = pathOf(kind, object.metadata.namespace, object.metadata.name);
    const query = queryOf({
      fieldManager,
      force: force === true ? "true" : undefined,
      dryRun: dryRun === true ? "All" : undefined,
    });
    const call: Request = {
      method: "PATCH",
      path: `${path}${subresource === undefined ? "" : `/${subresource}`}${query}`,
      body: object,
      contentType: "application/apply-patch+yaml",
    };
    const answer = await this.#answer(call, optional({ signal, deadlineMs }), true);
    return { object: parse(answer.body, call), created: answer.status === 201 };
  }

  /** Not repeated on failure: the first attempt may have succeeded unseen. */
  async create(
    kind: Kind,
    object: KubeObject,
    options: CallOptions & { dryRun?: boolean; fieldManager?: string } = {},
  ): Promise<KubeObject> {
    const { dryRun, fieldManager, ...rest } = options;
    const query = queryOf({ fieldManager, dryRun: dryRun === true ? "All" : undefined });
    return this.#once({ method: "POST", path: pathOf(kind, object.metadata.namespace) + query, body: object }, rest);
  }

  /** Replace the object of that resourceVersion and no other. */
  async replace(kind: Kind, object: KubeObject, options: CallOptions = {}): Promise<KubeObject> {
    const path = pathOf(kind, object.metadata.namespace, object.metadata.name);
    return this.#once({ method: "PUT", path, body: object }, options);
  }

  async delete(
    kind: Kind,
    exactly: Exactly,
    options: CallOptions & { propagationPolicy?: "Background" | "Foreground" | "Orphan" } = {},
  ): Promise<void> {
    const { propagationPolicy = "Background", ...rest } = options;
    const preconditions = { uid: exactly.uid, resourceVersion: exactly.resourceVersion };
    const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy, preconditions };
    await this.#answer({ method: "DELETE", path: pathOf(kind, exactly.namespace, exactly.name), body }, rest, true);
  }

  async patch(
    kind: Kind,
    target: Pick<Metadata, "name" | "namespace">,
    patch: unknown,
    options: CallOptions & { type: "merge" | "json"; subresource?: string; fieldManager?: string },
  ): Promise<KubeObject> {
    const { type, subresource, fieldManager, ...rest } = options;
    const path = `${pathOf(kind, target.namespace, target.name)}${subresource === undefined ? "" : `/${subresource}`}`;
    const contentType = type === "merge" ? "application/merge-patch+json" : "application/json-patch+json";
    return this.#once({ method: "PATCH", path: path + queryOf({ fieldManager }), body: patch, contentType }, rest);
  }

  /** Anything else: reviews, tokens, discovery. A GET is repeated as get is; the rest is sent once. */
  async raw(method: Call["method"], path: string, body?: unknown, options: CallOptions = {}): Promise<unknown> {
    const call: Request = { method, path, ...(body === undefined ? {} : { body }) };
    return method === "GET" ? this.#repeat(call, options) : this.#once(call, options);
  }

  async close(): Promise<void> {
    await this.#wire.close();
  }

  async #once(call: Request, options: CallOptions): Promise<KubeObject> {
    return parse((await this.#answer(call, options, false)).body, call);
  }

  async #repeat(call: Request, options: CallOptions): Promise<KubeObject> {
    return parse((await this.#answer(call, options, true)).body, call);
  }

  async #answer(call: Request, options: CallOptions, repeatable: boolean): Promise<{ status: number; body: string }> {
    const deadline = options.deadlineMs ?? this.#options.deadlineMs ?? 10_000;
    const ends = [AbortSignal.timeout(deadline), options.signal, this.#options.signal];
    const signal = AbortSignal.any(ends.filter((each) => each !== undefined));
    const end = this.#clock.monotonic() + deadline;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt({ ...call, signal });
      } catch (error) {
        const pause = this.#pause(error, attempt);
        const hopeless =
          !repeatable || attempt >= attempts || pause === undefined || this.#clock.monotonic() + pause > end;
        if (hopeless || signal.aborted) throw error;
        await sleep(this.#clock, pause, signal);
      }
    }
  }

  async #attempt(call: Call): Promise<{ status: number; body: string }> {
    const start = this.#clock.monotonic();
    const told = (status: number): void => {
      const millis = this.#clock.monotonic() - start;
      this.#options.onAnswer?.({ method: call.method, path: call.path, status, millis });
    };
    let sent = false;
    const beforeSend = (): void => {
      if (call.method !== "GET") this.#options.beforeWrite?.(call);
      sent = true;
    };
    try {
      const answer = await this.#wire.send({ ...call, beforeSend });
      told(answer.status);
      return answer;
    } catch (error) {
      // What was ended while it waited for its turn was never asked.
      if (sent) told(error instanceof ApiError ? error.status : 0);
      throw error;
    }
  }

  /** How long to wait before the next attempt; undefined where another would not help. */
  #pause(error: unknown, attempt: number): number | undefined {
    if (!isKind(error, "transient") || error.reason === "Timeout" || error.reason === "Aborted") return undefined;
    const backoff = 100 * 2 ** (attempt - 1) * (0.5 + this.#random());
    return Math.max(error.retryAfterMs ?? 0, backoff);
  }
}

type Request = Omit<Call, "signal">;

interface RawList {
  items?: KubeObject[];
  metadata: { resourceVersion?: string; continue?: string };
}

function parse(body: string, call: Request): KubeObject {
  try {
    return JSON.parse(body) as KubeObject;
  } catch (error) {
    const message = `${call.method} ${call.path}: the answer is not JSON: ${body.slice(0, 100)}`;
    throw new ApiError({ status: 0, reason: "Malformed", message, kind: "transient" }, { cause: error });
  }
}

function queryOf(values: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

function optional(options: { signal?: AbortSignal | undefined; deadlineMs?: number | undefined }): CallOptions {
  return {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
  };
}
