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
  /** RFC 3339: when this was found; of a round that is unfinished its oldest answer, of a status its last change. */
  asOf: string;
  /**
   * fresh: a round asked for this view, and every answer has come and is confirmed; unfinished: its time ran out
   * before; status: what the object's status says.
   */
  source: "fresh" | "unfinished" | "status";
  ready: "True" | "False" | "Unknown";
  /** Message of the Ready condition. */
  message: string;
  brokenAt: HopName | null;
  hops: HopView[];
}

export interface ViewFacts {
  asOf: string;
  source: FlowView["source"];
  millis: (hop: HopName) => number | null;
  /** A sentence: why Ready cannot be told, whatever the status says of it. */
  doubt?: string | undefined;
}

export function flowView(raw: WebFlow, status: WebFlowStatus | undefined, facts: ViewFacts): FlowView {
  return {
    flow: raw.metadata.name,
    namespace: raw.metadata.namespace ?? "",
    host: raw.spec.host,
    asOf: facts.asOf,
    source: facts.source,
    ...readyOf(raw, status, facts.doubt),
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

function readyOf(
  raw: WebFlow,
  status: WebFlowStatus | undefined,
  doubt: string | undefined,
): Pick<FlowView, "ready" | "message"> {
  const ready = status?.conditions?.find((condition) => condition.type === "Ready");
  if (ready === undefined) return { ready: "Unknown", message: "No operator has judged this WebFlow yet." };
  const why = editedSince(raw, status) ?? doubt;
  if (why === undefined) return { ready: ready.status, message: ready.message };
  return { ready: "Unknown", message: `${why} Last known: ${ready.message}` };
}

/** What was found of an earlier generation says nothing of what is asked for now. */
function editedSince({ metadata }: WebFlow, status: WebFlowStatus | undefined): string | undefined {
  const [wanted, judged] = [metadata.generation ?? 0, status?.observedGeneration ?? 0];
  if (wanted === judged) return undefined;
  return `The WebFlow has been edited since: it is at generation ${wanted}, and this is of generation ${judged}.`;
}

/** A status is written on transitions only: its newest word is as old as this. No word at all is as old as the object. */
export function lastChange({ metadata, status }: WebFlow): string {
  const times = [
    ...(status?.hops ?? []).map((hop) => hop.since),
    ...(status?.conditions ?? []).map((condition) => condition.lastTransitionTime),
  ];
  return times.sort().at(-1) ?? metadata.creationTimestamp ?? new Date(0).toISOString();
}

function hopView(hop: HopName, found: HopStatus | undefined, millis: number | null): HopView {
  if (found === undefined) {
    return { hop, state: "Unknown", reason: "NotJudgedYet", message: "Not judged yet.", vantage: "api", millis: null };
  }
  const { state, reason, message, vantage } = found;
  return { hop, state, reason, message, vantage, millis };
}
