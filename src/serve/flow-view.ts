/** One path as /flows tells it and trace draws it. */
import {
  type HopName,
  type HopStatus,
  hopNames,
  type State,
  type WebFlow,
  type WebFlowStatus,
} from "../webflow/types.ts";

export interface HopView {
  hop: HopName;
  state: State;
  reason: string;
  message: string;
  vantage: string;
  /** Milliseconds of the hop's last answer; null where nothing was asked. */
  millis: number | null;
}

export interface FlowView {
  flow: string;
  namespace: string;
  host: string;
  /** RFC 3339: when this was found. */
  asOf: string;
  /** fresh: a round asked for this view; status: what the object's status says. */
  source: "fresh" | "status";
  ready: "True" | "False" | "Unknown";
  /** Message of the Ready condition. */
  message: string;
  brokenAt: HopName | null;
  hops: HopView[];
}

export function flowView(
  raw: WebFlow,
  status: WebFlowStatus | undefined,
  facts: { asOf: string; source: FlowView["source"]; millis: (hop: HopName) => number | null },
): FlowView {
  const ready = status?.conditions?.find((condition) => condition.type === "Ready");
  return {
    flow: raw.metadata.name,
    namespace: raw.metadata.namespace ?? "",
    host: raw.spec.host,
    asOf: facts.asOf,
    source: facts.source,
    ready: ready?.status ?? "Unknown",
    message: ready?.message ?? "No operator has judged this WebFlow yet.",
    brokenAt: status?.brokenAt ?? null,
    hops: hopNames.map((hop) =>
      hopView(
        hop,
        status?.hops?.find((found) => found.hop === hop),
        facts.millis(hop),
      ),
    ),
  };
}

function hopView(hop: HopName, found: HopStatus | undefined, millis: number | null): HopView {
  if (found === undefined) {
    return { hop, state: "Unknown", reason: "NotJudgedYet", message: "Not judged yet.", vantage: "api", millis: null };
  }
  const { state, reason, message, vantage } = found;
  return { hop, state, reason, message, vantage, millis };
}
