/** What a reflector is given and what it tells. */
import type { Client } from "../client.ts";
import type { Logger } from "../hooks.ts";
import type { KubeObject } from "../objects.ts";
import type { Clock } from "../run/clock.ts";
import type { BackoffOptions } from "../turn/backoff.ts";

export interface ReflectorHooks {
  /** A list after the first one, and why. */
  relisted?(id: string, reason: string): void;
  malformed?(id: string): void;
}

export interface ReflectorOptions {
  client: Pick<Client, "list" | "watch">;
  clock: Clock;
  log: Logger;
  hooks?: ReflectorHooks;
  random?: () => number;
  /** Bytes must come within this time; bookmarks do about once a minute. */
  silenceMs?: number;
  backoff?: BackoffOptions;
  /** What is kept of an object; managedFields are dropped unless told. */
  transform?: (object: KubeObject) => KubeObject;
  /** How often an absent API is looked for. */
  absentMs?: number;
}

export type Phase = "unsynced" | "synced" | "absent" | "stale";

export interface ReflectorStatus {
  id: string;
  phase: Phase;
  /** In this phase since, milliseconds since 1970. */
  since: number;
  phaseMs: number;
  /** Milliseconds since the last byte from the server. */
  silentMs: number;
  relists: number;
  malformed: number;
  lastError?: string;
}
