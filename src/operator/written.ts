/** What came of a write, in the words of a turn. */
import { ApiError } from "../kernel/errors.ts";
import type { Applied } from "../kernel/write/apply.ts";
import type { Failure } from "../reconcile/observe.ts";
import type { Written } from "../reconcile/reconcile.ts";

export const done = (changed: boolean): Written => ({ ok: true, changed });
const failed = (failure: Failure, retry: boolean): Written => ({ ok: false, failure, retry });

/** What may succeed in a moment by itself; a denial is tried again as well, but is a finding until it is lifted. */
const passing = ["transient", "conflict", "waiting"];
export const isPassing = (kind: string): boolean => passing.includes(kind);
const retried = [...passing, "denied"];

export function writtenOf(applied: Applied): Written {
  if (!("error" in applied)) return done(applied.action !== "none");
  const { reason, message, kind } = applied.error;
  return failed({ reason, message, passing: isPassing(kind) }, applied.action === "failed" && retried.includes(kind));
}

export function failureOf(error: unknown): Written {
  if (!(error instanceof ApiError)) throw error;
  const { reason, message } = error;
  return failed({ reason, message, passing: isPassing(error.kind) }, retried.includes(error.kind));
}
