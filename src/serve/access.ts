/**
 * Who is asking, and which flows may they get: the API server's word (TokenReview, SubjectAccessReview), remembered for
 * a few seconds so that a page that refreshes does not become a load. A failure to find out is never a yes.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../kernel/run/clock.ts";
import { Refusal } from "./replies.ts";

/** Status.user of a TokenReview. */
export interface User {
  username: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

export interface Reviews {
  /** The token's user, or undefined when it is no good. */
  review(token: string): Promise<User | undefined>;
  /** May the user `get` webflows.webflow.dev: this one; all of the namespace; or, without a namespace, all there are. */
  allowed(user: User, namespace?: string, name?: string): Promise<boolean>;
}

const keepMillis = 5000;
const mostKept = 4096;
const atOnce = 16;

export class Access {
  readonly #reviews: Reviews;
  readonly #users: Kept<User | undefined>;
  readonly #grants: Kept<boolean>;

  constructor(reviews: Reviews, clock: Clock) {
    this.#reviews = reviews;
    this.#users = new Kept(clock);
    this.#grants = new Kept(clock);
  }

  /** Throws 401 or 503. */
  async user(authorization: string | undefined): Promise<User> {
    const token = bearerOf(authorization);
    const user = await this.#ask(() => this.#users.get(hashOf(token), () => this.#reviews.review(token)));
    if (user === undefined) throw unknownCaller("the token is not one that the API server knows: get a new one");
    return user;
  }

  async mayGet(user: User, namespace: string, name: string): Promise<boolean> {
    return this.#allowed(user, namespace, name);
  }

  /** Those of the flows that the user may get. Asked wide first: most callers may see all, or all of a namespace. */
  async among<T extends { namespace: string; flow: string }>(user: User, flows: readonly T[]): Promise<T[]> {
    if (flows.length === 0 || (await this.#allowed(user))) return [...flows];
    const namespaces = [...new Set(flows.map(({ namespace }) => namespace))];
    const whole = new Map(
      await inTurns(namespaces, async (namespace) => [namespace, await this.#allowed(user, namespace)] as const),
    );
    const verdicts = await inTurns(
      flows,
      async ({ namespace, flow }) => whole.get(namespace) === true || this.#allowed(user, namespace, flow),
    );
    return flows.filter((_flow, index) => verdicts[index] === true);
  }

  #allowed(user: User, namespace?: string, name?: string): Promise<boolean> {
    const key = hashOf(JSON.stringify([user, namespace, name]));
    return this.#ask(() => this.#grants.get(key, () => this.#reviews.allowed(user, namespace, name)));
  }

  async #ask<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch {
      throw new Refusal(503, "the API server could not be asked who may see this: try again", { "retry-after": "1" });
    }
  }
}

const unknownCaller = (message: string) => new Refusal(401, message, { "www-authenticate": "Bearer" });

export function bearerOf(authorization: string | undefined): string {
  const token = /^Bearer ([\x21-\x7e]{1,16384})$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw unknownCaller("a bearer token is needed: send the header Authorization: Bearer TOKEN");
  return token;
}

const hashOf = (text: string) => createHash("sha256").update(text).digest("base64");

async function inTurns<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    results.push(...(await Promise.all(items.slice(start, start + atOnce).map(run))));
  }
  return results;
}

/** Answers for a few seconds, at most so many; one question at a time for a key; failures are not kept. */
class Kept<T> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, { until: number; value: Promise<T> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string, ask: () => Promise<T>): Promise<T> {
    const now = this.#clock.monotonic();
    const known = this.#entries.get(key);
    if (known !== undefined && known.until > now) return known.value;
    const value = ask();
    this.#entries.delete(key);
    this.#entries.set(key, { until: now + keepMillis, value });
    value.catch(() => {
      if (this.#entries.get(key)?.value === value) this.#entries.delete(key);
    });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > mostKept && oldest !== undefined) this.#entries.delete(oldest);
    return value;
  }
}
