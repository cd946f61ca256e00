/** How much is asked at once, and how long is waited for whom. */
import type { At } from "./asker.ts";
import type { Vantage } from "./question.ts";

export interface Limits {
  inFlight: number;
  /** For each vantage by itself: one prober outside, one node. */
  perVantage: Record<At, number>;
  /** An asker that has not answered by then is given up. */
  askMillis: Record<At, number>;
  /** A round that somebody waits for ends by then, with what has come. */
  roundMillis: number;
}

export const usualLimits: Limits = {
  inFlight: 64,
  perVantage: { operator: 48, outside: 16, forbidden: 16, "database-client": 16 },
  askMillis: { operator: 65_000, outside: 70_000, forbidden: 10_000, "database-client": 150_000 },
  roundMillis: 8000,
};

/** Vantages that are busy by themselves. */
export function laneOf(vantage: Vantage): string {
  if (vantage.at === "outside") return `outside/${vantage.url}`;
  return vantage.at === "forbidden" ? `forbidden/${vantage.node}` : vantage.at;
}
