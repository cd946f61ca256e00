/** Old status, new status -> Events worth telling. Pure: what did not change is not said. */
import type { HopStatus, WebFlowStatus } from "../webflow/types.ts";

export interface Announcement {
  type: "Normal" | "Warning";
  reason: string;
  /** What was being done, for events.k8s.io/v1. */
  action: string;
  note: string;
}

export function announce(before: WebFlowStatus | undefined, after: WebFlowStatus): Announcement[] {
  return [...hopNews(before?.hops ?? [], after.hops ?? []), ...readyNews(before, after)];
}

function hopNews(before: readonly HopStatus[], after: readonly HopStatus[]): Announcement[] {
  return after.flatMap((hop) => {
    const old = before.find((other) => other.hop === hop.hop);
    if (old?.state === hop.state && old.reason === hop.reason) return [];
    if (hop.state === "Broken") return [news("Warning", hop.reason, hop.hop, hop.message)];
    if (hop.state === "Degraded") return [news("Warning", hop.reason, hop.hop, hop.message)];
    if (hop.state === "Healthy" && old?.state === "Broken")
      return [news("Normal", "Healed", hop.hop, "answers again.")];
    return [];
  });
}

function readyNews(before: WebFlowStatus | undefined, after: WebFlowStatus): Announcement[] {
  const ready = after.conditions?.find((condition) => condition.type === "Ready");
  const old = before?.conditions?.find((condition) => condition.type === "Ready");
  if (ready === undefined || old?.status === ready.status) return [];
  const known = old !== undefined || ready.status === "True";
  if (!known) return [];
  const type = ready.status === "True" ? "Normal" : "Warning";
  return [{ type, reason: ready.status === "True" ? "Ready" : "NotReady", action: "Judge", note: ready.message }];
}

function news(type: Announcement["type"], reason: string, hop: string, message: string): Announcement {
  return { type, reason, action: "Judge", note: `${hop}: ${message}` };
}
