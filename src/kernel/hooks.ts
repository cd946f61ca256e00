/** What the kernel tells the outside: a logger and counters, handed in by whoever builds it. */

export interface Logger {
  debug(facts: Record<string, unknown>, message: string): void;
  info(facts: Record<string, unknown>, message: string): void;
  warn(facts: Record<string, unknown>, message: string): void;
  error(facts: Record<string, unknown>, message: string): void;
}

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
