/** What came of a write, in the words of a turn. */
import { ApiError } from "../kernel/errors.ts";
import type { Applied } from "../kernel/write/apply.ts";
import type { Written } from "../reconcile/reconcile.ts";

export const done = (changed: boolean): Written => ({ ok: true, changed });
const failed = (reason: string, message: string, retry: boolean): Written => ({
  ok: false,
  failure: { reason, message },
  retry,
});

const retried = ["transient", "conflict", "waiting", "denied"];

export function writtenOf(applied: Applied): Written {
  if (!("error" in applied)) return done(applied.action !== "none");
  const { reason, message, kind } = applied.error;
  return failed(reason, message, applied.action === "failed" && retried.includes(kind));
}

export function failureOf(error: unknown): Written {
  if (!(error instanceof ApiError)) throw error;
  return failed(error.reason, error.message, retried.includes(error.kind));
}
