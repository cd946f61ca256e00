/**
 * Handshake mode: what the control Job's pod runs. Two handshakes two seconds apart, both must pass; before the first
 * has passed, a pod so young is given ten seconds until the network knows its label. The answer goes to the pod's
 * termination message.
 */
import { writeFile } from "node:fs/promises";
import { type Clock, sleep } from "../kernel/run/clock.ts";
import { execute, usualDeadlineMs } from "./ask.ts";
import type { Environment } from "./ask-postgres.ts";
import type { Answer, Outcome } from "./question.ts";

export interface HandshakeOptions {
  environment: Environment;
  clock: Clock;
  /** Default: /dev/termination-log, or what WEBFLOW_TERMINATION_LOG says. */
  write?: (text: string) => Promise<void>;
  pauseMillis?: number;
  settleMillis?: number;
}

/** Outcomes that a pod sees whose address the network does not know yet. */
const youth: readonly Outcome[] = ["timeout", "refused", "unreachable", "reset", "nxdomain", "servfail"];

/** 0, whatever the answer; 1 when it could not be written. */
export async function handshakeMain(options: HandshakeOptions): Promise<number> {
  const answer = await askTwice(options);
  const path = options.environment.WEBFLOW_TERMINATION_LOG ?? "/dev/termination-log";
  const write = options.write ?? ((text: string) => writeFile(path, text));
  try {
    await write(JSON.stringify({ answer }));
    return 0;
  } catch {
    return 1;
  }
}

async function askTwice(options: HandshakeOptions): Promise<Answer> {
  const { clock, pauseMillis = 2000 } = options;
  const first = await askUntilSettled(options);
  if (first.outcome !== "ok") return first;
  await sleep(clock, pauseMillis);
  return askOnce(options);
}

async function askUntilSettled(options: HandshakeOptions): Promise<Answer> {
  const { clock, settleMillis = 10_000 } = options;
  const until = clock.monotonic() + settleMillis;
  for (;;) {
    const answer = await askOnce(options);
    if (!youth.includes(answer.outcome) || clock.monotonic() >= until) return answer;
    await sleep(clock, 500);
  }
}

/** The target is our own Secret's and address book's; nobody else's word leads here, so no address is refused. */
function askOnce({ environment, clock }: HandshakeOptions): Promise<Answer> {
  const context = { deadlineMs: usualDeadlineMs, refuse: () => false, clock, environment };
  return execute({ type: "handshake", engine: "Postgres" }, context);
}
