/** What went wrong, in one line for a person: the API server's own words where it gave some. */
import { errorText } from "../kernel/hooks.ts";

export function wordsOf(error: unknown): string {
  const { code, body, message } = (typeof error === "object" && error !== null ? error : {}) as Thrown;
  if (typeof code === "number") return messageIn(body) ?? `the API server answered ${code}`;
  // A WebSocket that fails gives an event, not an Error.
  return typeof message === "string" && message !== "" ? message : errorText(error);
}

interface Thrown {
  code?: unknown;
  body?: unknown;
  message?: unknown;
}

/** The message of a metav1.Status. */
function messageIn(body: unknown): string | undefined {
  if (typeof body !== "string") return undefined;
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === "string" && message !== "" ? message : undefined;
  } catch {
    return undefined;
  }
}
