/** Ask -> Answer. Never throws: whatever goes wrong is an answer, in the outcomes' own words. */
import type { Clock } from "../kernel/run/clock.ts";
import { askCanary } from "./ask-canary.ts";
import { askDns } from "./ask-dns.ts";
import { askHttp } from "./ask-http.ts";
import { askPostgres, type Environment } from "./ask-postgres.ts";
import { askTcp } from "./ask-tcp.ts";
import { askTls } from "./ask-tls.ts";
import { deadline, type Step } from "./deadline.ts";
import { Failed, failureOf, printable } from "./failure.ts";
import type { Found } from "./found.ts";
import type { Refuse } from "./guard.ts";
import type { Answer, Ask } from "./question.ts";

export interface AskContext {
  deadlineMs: number;
  refuse: Refuse;
  clock: Clock;
  /** No longer wanted. */
  signal?: AbortSignal;
  /** PEM certificates of authorities trusted beside those that Node trusts. */
  ca?: readonly string[];
  /** Of a handshake: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE. */
  environment?: Environment;
}

/** The usual deadline of an ask. */
export const usualDeadlineMs = 2000;
const longestDeadlineMs = 60_000;

/** A check that may take longer than usual is given that long, and a second to be told slow instead of timed out. */
export function deadlineOf(ask: Ask): number {
  if (ask.type !== "http") return usualDeadlineMs;
  return Math.min(Math.max(usualDeadlineMs, ask.withinMillis + 1000), longestDeadlineMs);
}

export async function execute(ask: Ask, context: AskContext): Promise<Answer> {
  const started = context.clock.monotonic();
  const limit = deadline(context.clock, context.deadlineMs, context.signal);
  const found = await find(ask, { signal: limit.signal, refuse: context.refuse, ca: context.ca ?? [] }, context).catch(
    (error: unknown): Found => {
      const { outcome, detail } = failureOf(error);
      return { outcome, detail };
    },
  );
  limit.end();
  const millis = Math.round(context.clock.monotonic() - started);
  return { ...found, detail: printable(found.detail), at: context.clock.now(), millis };
}

async function find(ask: Ask, step: Step, context: AskContext): Promise<Found> {
  switch (ask.type) {
    case "dns":
      return askDns(ask, step);
    case "tcp":
      return askTcp(ask, step);
    case "tls":
      return askTls(ask, step);
    case "http":
      return askHttp(ask, step);
    case "canary":
      return askCanary(ask, step);
    case "handshake":
      return askPostgres(context.environment ?? {}, step);
    case "secret":
      throw new Failed("error", "a Secret is asked for at the API server, not on the network");
  }
}
