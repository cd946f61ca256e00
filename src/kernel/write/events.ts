/**
 * Events (events.k8s.io/v1) for people to read. The same thing said twice within some minutes is said once, no object
 * gets more than a burst of them, and nothing here ever throws or keeps anybody waiting.
 */
import type { Client } from "../client.ts";
import { errorText, type Logger } from "../hooks.ts";
import type { Kind, KubeObject } from "../objects.ts";
import type { Clock } from "../run/clock.ts";

export interface EventNote {
  regarding: KubeObject;
  type: "Normal" | "Warning";
  /** CamelCase, why. */
  reason: string;
  /** CamelCase, what was done or tried. */
  action: string;
  /** A sentence for a person. */
  note: string;
}

export interface EventsOptions {
  client: Pick<Client, "create">;
  kind: Kind;
  clock: Clock;
  log: Logger;
  /** Example: webflow.dev/operator */
  controller: string;
  /** This process. Example: webflow-operator-7d9f-abcde */
  instance: string;
  /** Within this time the same is not said again; 10 minutes unless told. */
  quietMs?: number;
  /** Events an object may have at once, and how fast that comes back; 25, and one in 5 minutes unless told. */
  burst?: number;
  refillMs?: number;
  onDropped?: (why: "repeated" | "rate" | "failed") => void;
}

export class Events {
  readonly #options: EventsOptions;
  readonly #said = new Map<string, number>();
  readonly #spent = new Map<string, { count: number; at: number }>();
  readonly #sending = new Set<Promise<void>>();
  #counter = 0;

  constructor(options: EventsOptions) {
    this.#options = options;
  }

  record(note: EventNote): void {
    try {
      const now = this.#options.clock.monotonic();
      this.#forget(now);
      const uid = note.regarding.metadata.uid ?? note.regarding.metadata.name;
      const key = [uid, note.type, note.reason, note.action, note.note].join("\n");
      const drop = this.#said.has(key) ? "repeated" : this.#spend(uid, now) ? undefined : "rate";
      if (drop !== undefined) {
        this.#options.onDropped?.(drop);
        return;
      }
      this.#said.set(key, now);
      const sent: Promise<void> = this.#send(note).finally(() => this.#sending.delete(sent));
      this.#sending.add(sent);
    } catch (error) {
      this.#options.log.warn({ error: errorText(error) }, "event not recorded");
    }
  }

  /** Resolves when everything recorded so far has been sent or has failed. */
  async flush(): Promise<void> {
    await Promise.all(this.#sending);
  }

  #forget(now: number): void {
    const { quietMs = 600_000 } = this.#options;
    for (const [key, at] of this.#said) {
      // In the order they were said.
      if (now - at < quietMs) break;
      this.#said.delete(key);
    }
  }

  #spend(uid: string, now: number): boolean {
    const { burst = 25, refillMs = 300_000 } = this.#options;
    const known = this.#spent.get(uid) ?? { count: 0, at: now };
    const back = Math.floor((now - known.at) / refillMs);
    const count = Math.max(0, known.count - back);
    if (count >= burst) return false;
    if (this.#spent.size > 10_000) this.#spent.clear();
    this.#spent.set(uid, { count: count + 1, at: known.at + back * refillMs });
    return true;
  }

  async #send(note: EventNote): Promise<void> {
    const { client, kind, log, onDropped } = this.#options;
    try {
      await client.create(kind, this.#event(note));
    } catch (error) {
      onDropped?.("failed");
      log.warn({ reason: note.reason, error: errorText(error) }, "event not written");
    }
  }

  #event({ regarding, type, reason, action, note }: EventNote): KubeObject {
    const { clock, kind, controller, instance } = this.#options;
    const { name, namespace, uid, resourceVersion } = regarding.metadata;
    const now = clock.now();
    this.#counter += 1;
    const unique = `${now.toString(16)}${(this.#counter % 0x1000).toString(16).padStart(3, "0")}`;
    return {
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: { name: `${name.slice(0, 220)}.${unique}`, namespace: namespace ?? "default" },
      eventTime: new Date(now).toISOString().replace("Z", "000Z"),
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
      type,
      reason: reason.slice(0, 128),
      action: action.slice(0, 128),
      note: note.slice(0, 1024),
      regarding: { apiVersion: regarding.apiVersion, kind: regarding.kind, name, namespace, uid, resourceVersion },
    };
  }
}
