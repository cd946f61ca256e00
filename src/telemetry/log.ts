/** JSON lines by pino. Nothing secret is ever logged: fields of such names are blanked wherever they stand. */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

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

/** One child per turn, so that its lines are found together. */
export function turnLog(log: Logger, turn: { flow: string; turn: number; cause?: string }): Logger {
  return log.child(turn);
}
