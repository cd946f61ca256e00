/**
 * Errors typed by what happens next. The API server's answers become an ApiError with a kind; code that knows better
 * throws Terminal (do not try again until something changes) or Waiting (look again after so long).
 */

export type ErrorKind =
  /** Try again with back-off: network, time-out, 429, 5xx. The outcome of a write may be unknown. */
  | "transient"
  /** Somebody else wrote first: read again, decide again. */
  | "conflict"
  /** The history asked for is no longer kept (410): list again. */
  | "gone"
  /** Not allowed, or not known to the server (401, 403), quota and Pod Security included. */
  | "denied"
  /** The request itself is wrong (400, 413, 422): the same request will fail again. */
  | "invalid"
  | "notfound"
  /** Create met an object of that name. */
  | "exists"
  /** Nothing we can do will help (405, 415, 501). */
  | "terminal";

export interface ErrorFacts {
  status: number;
  reason: string;
  message: string;
  kind: ErrorKind;
  retryAfterMs?: number;
  causes?: readonly { reason: string; message: string; field: string }[];
}

export class ApiError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The server's reason, or one of Network, Timeout, Aborted, Credentials. */
  readonly reason: string;
  readonly kind: ErrorKind;
  readonly retryAfterMs: number | undefined;
  readonly causes: readonly { reason: string; message: string; field: string }[];

  constructor(facts: ErrorFacts, options?: ErrorOptions) {
    super(facts.message, options);
    this.name = "ApiError";
    this.status = facts.status;
    this.reason = facts.reason;
    this.kind = facts.kind;
    this.retryAfterMs = facts.retryAfterMs;
    this.causes = facts.causes ?? [];
  }
}

/** Nothing to be tried again until something changes. */
export class Terminal extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.name = "Terminal";
    this.reason = reason;
  }
}

/** Not an error of anybody: look again after so many milliseconds. */
export class Waiting extends Error {
  readonly millis: number;
  constructor(message: string, millis: number) {
    super(message);
    this.name = "Waiting";
    this.millis = millis;
  }
}

/** Not allowed to be sent: no answer is missing, and trying again is not the client's to decide. */
export class Refused extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "Refused";
  }
}

export function isKind(error: unknown, ...kinds: readonly ErrorKind[]): error is ApiError {
  return error instanceof ApiError && kinds.includes(error.kind);
}

/**
 * An answer that is not a success, as an error. The body is a metav1.Status, or whatever stood in between wrote. A uid
 * that is refused means that the name belongs to another object by now: a conflict, although the server calls it invalid.
 */
export function answerError(status: number, body: string, retryAfter?: string): ApiError {
  const parsed = parseStatus(body);
  const reason = parsed.reason ?? "";
  return new ApiError({
    status,
    reason: reason === "" ? `Http${status}` : reason,
    message: parsed.message ?? `the API server answered ${status}: ${body.slice(0, 200)}`,
    kind: parsed.details?.causes?.some(({ field }) => field === "metadata.uid") ? "conflict" : kindOf(status, reason),
    ...retryAfterOf(retryAfter, parsed.details?.retryAfterSeconds),
    causes: (parsed.details?.causes ?? []).map((cause) => ({
      reason: cause.reason ?? "",
      message: cause.message ?? "",
      field: cause.field ?? "",
    })),
  });
}

/** Anything thrown by the network, TLS or credentials, as an error. */
export function networkError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const name = error instanceof Error ? error.name : "";
  const reason = name === "TimeoutError" ? "Timeout" : name === "AbortError" ? "Aborted" : "Network";
  return new ApiError({ status: 0, reason, message: `no answer: ${message}`, kind: "transient" }, { cause: error });
}

interface StatusBody {
  reason?: string;
  message?: string;
  details?: { retryAfterSeconds?: number; causes?: { reason?: string; message?: string; field?: string }[] };
}

function parseStatus(body: string): StatusBody {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? (parsed as StatusBody) : {};
  } catch {
    return {};
  }
}

function kindOf(status: number, reason: string): ErrorKind {
  if (status === 409) return reason === "AlreadyExists" ? "exists" : "conflict";
  if (status === 410) return "gone";
  if (status === 401 || status === 403) return "denied";
  if (status === 404) return "notfound";
  if (status === 400 || status === 413 || status === 422) return "invalid";
  if (status === 501) return "terminal";
  if (status === 408 || status === 429 || status >= 500) return "transient";
  return "terminal";
}

function retryAfterOf(header: string | undefined, seconds: number | undefined): { retryAfterMs?: number } {
  const fromHeader = header === undefined ? Number.NaN : Number(header);
  const value = Number.isFinite(fromHeader) ? fromHeader : seconds;
  return value !== undefined && value > 0 ? { retryAfterMs: value * 1000 } : {};
}
