/** JSON lines by pino. Nothing secret is ever logged: fields of such names are blanked wherever they stand. */
import { AsyncLocalStorage } from "node:async_hooks";
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import type { Logger as Speaker } from "../kernel/hooks.ts";

export type { Logger } from "pino";

const secrets = ["authorization", "password", "token", "PGPASSWORD", "DATABASE_URL", "stringData", "data"];

export interface LogOptions {
  level: string;
  /** Put on every line. Example: {pod}. */
  base?: Record<string, unknown>;
  destination?: DestinationStream;
}

export function createLog({ level, base = {}, destination }: LogOptions): Logger {
  const options = {
    level,
    base,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[redacted]" },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

export interface Turn {
  /** Key of the flow. Example: default/shop. */
  flow: string;
  turn: number;
}

/**
 * A log whose lines within a turn are those of the turn's own child, so that they are found together. What is built
 * once for all turns (the applier, Events) is handed this, since its calls carry no log.
 */
export class TurnLog implements Speaker {
  readonly #log: Logger;
  readonly #turns = new AsyncLocalStorage<Logger>();

  constructor(log: Logger) {
    this.#log = log;
  }

  run<T>(turn: Turn, work: (log: Logger) => T): T {
    const child = this.#log.child({ ...turn });
    return this.#turns.run(child, () => work(child));
  }

  debug(facts: Record<string, unknown>, message: string): void {
    this.#now().debug(facts, message);
  }

  info(facts: Record<string, unknown>, message: string): void {
    this.#now().info(facts, message);
  }

  warn(facts: Record<string, unknown>, message: string): void {
    this.#now().warn(facts, message);
  }

  error(facts: Record<string, unknown>, message: string): void {
    this.#now().error(facts, message);
  }

  #now(): Logger {
    return this.#turns.getStore() ?? this.#log;
  }
}
