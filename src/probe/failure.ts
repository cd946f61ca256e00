/** Why an ask came to nothing, in the outcomes' own words: no text of the other side is ever passed on. */
import type { Outcome } from "./question.ts";

export class Failed extends Error {
  readonly outcome: Outcome;
  readonly detail: string;

  constructor(outcome: Outcome, detail: string) {
    super(detail);
    this.name = "Failed";
    this.outcome = outcome;
    this.detail = detail;
  }
}

const connections: Readonly<Record<string, readonly [Outcome, string]>> = {
  ECONNREFUSED: ["refused", "connection refused"],
  ECONNRESET: ["reset", "connection reset"],
  EPIPE: ["reset", "connection closed by the other side"],
  ECONNABORTED: ["reset", "connection aborted"],
  ETIMEDOUT: ["timeout", "no connection in time"],
  EHOSTUNREACH: ["unreachable", "no route to the host"],
  ENETUNREACH: ["unreachable", "no route to the network"],
  EHOSTDOWN: ["unreachable", "the host is down"],
  ENETDOWN: ["unreachable", "the network is down"],
  EADDRNOTAVAIL: ["unreachable", "no address of ours can reach it"],
  EAFNOSUPPORT: ["unreachable", "this address family is not in use here"],
  EACCES: ["unreachable", "the network does not permit it"],
  EPERM: ["unreachable", "the network does not permit it"],
  ENOTFOUND: ["nxdomain", "the name does not exist"],
  EAI_AGAIN: ["servfail", "the name could not be resolved"],
};

/** Node's code of an error, when it looks like one. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" && /^[A-Z0-9_]{2,64}$/.test(code) ? code : undefined;
}

export function failureOf(error: unknown): Failed {
  if (error instanceof Failed) return error;
  const code = codeOf(error);
  const known = code === undefined ? undefined : connections[code];
  if (known !== undefined) return new Failed(known[0], known[1]);
  if (code?.startsWith("HPE_")) return new Failed("protocol", `not an HTTP answer (${code})`);
  return new Failed("error", code === undefined ? "could not be asked" : `could not be asked (${code})`);
}

/** One short line that any terminal or log can bear. */
export function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 200);
}
