/** Every metric of the program, in one table: name, kind, help, labels and the label values that exist from the start. */
import { type Outcome, outcomes, type Vantage } from "../probe/question.ts";
import { type HopName, hopNames } from "../webflow/types.ts";
import { type Write, writeResults } from "./writes.ts";

export type LabelValues = Record<string, string>;

export interface Row {
  kind: "counter" | "gauge" | "histogram";
  help: string;
  labels: readonly string[];
  buckets?: readonly number[];
  /** Label values shown as zero before anything has happened, so that a first failure is an increase. */
  zero?: () => LabelValues[];
}

/** From where each hop is asked. */
export const askedFrom: Readonly<Record<HopName, readonly Vantage["at"][]>> = {
  dns: ["operator", "outside"],
  edge: ["operator", "outside"],
  router: ["operator", "outside"],
  lb: ["operator"],
  vmgroup: [],
  process: ["operator"],
  database: ["operator", "forbidden", "database-client"],
  response: ["operator", "outside"],
};

export const reconcileResults = ["ok", "waiting", "error"] as const;
export const relistReasons = ["gone", "malformed", "absent", "fruitless"] as const;

const seconds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const product = (one: readonly string[], name: string, rest: LabelValues[]) =>
  one.flatMap((value) => rest.map((labels) => ({ [name]: value, ...labels })));
const each = (name: string, values: readonly string[]) => values.map((value) => ({ [name]: value }));

function probeZero(): LabelValues[] {
  const paths = hopNames.flatMap((hop) => askedFrom[hop].map((vantage) => ({ hop, vantage })));
  const all: readonly Outcome[] = outcomes;
  return paths.flatMap((path) => all.map((outcome) => ({ ...path, outcome })));
}

type Zero = () => LabelValues[];
const plain = (help: string, labels: readonly string[], zero: Zero | undefined) => ({
  help,
  labels,
  ...(zero === undefined ? {} : { zero }),
});
const counter = (help: string, labels: readonly string[] = [], zero?: Zero) => ({
  kind: "counter" as const,
  ...plain(help, labels, zero),
});
const gauge = (help: string, labels: readonly string[] = [], zero?: Zero) => ({
  kind: "gauge" as const,
  ...plain(help, labels, zero),
});
const histogram = (help: string, labels: readonly string[] = []) => ({
  kind: "histogram" as const,
  help,
  labels,
  buckets: seconds,
});

export const table = {
  webflow_leader: gauge("1 while this process is the leader, else 0."),
  webflow_flows: gauge("WebFlows known to this process."),
  webflow_reconciles_total: counter("Turns taken, by what came of them.", ["result"], () =>
    each("result", reconcileResults),
  ),
  webflow_reconcile_seconds: histogram("How long a turn took."),
  webflow_queue_depth: gauge("Flows waiting for a turn."),
  webflow_queue_seconds: histogram("How long a flow waited for its turn."),
  webflow_watch_age_seconds: gauge("Seconds since a watch (a resource, and what narrows it) last said anything.", [
    "watch",
  ]),
  webflow_relists_total: counter("Lists after a watch's first, by why it was listed again.", ["watch", "reason"]),
  webflow_parse_errors_total: counter("Lines of a watch that could not be read.", ["watch"]),
  webflow_writes_total: counter(
    "Writes sent to the API server, the Lease's and repetitions included, by resource, verb and what came of them.",
    ["resource", "verb", "result"],
  ),
  webflow_noop_apply_total: counter("Applies that changed nothing: each is a difference seen where there was none.", [
    "kind",
  ]),
  webflow_probes_total: counter(
    "Answers to questions, by hop, vantage and outcome.",
    ["hop", "vantage", "outcome"],
    probeZero,
  ),
  webflow_probe_seconds: histogram("How long an answer took.", ["hop", "vantage"]),
  webflow_hop_up: gauge(
    "State of a flow's hop: 1 Healthy or Degraded, 0 Broken, -1 anything else; absent where not applicable.",
    ["namespace", "name", "hop"],
  ),
  webflow_ready: gauge("Ready of a flow: 1 True, 0 False, -1 Unknown.", ["namespace", "name"]),
} as const satisfies Readonly<Record<string, Row>>;

export type MetricName = keyof typeof table;

/** Label values that are known only where the operator is put together. */
export interface Known {
  /** Names of watches. */
  watches?: readonly string[];
  writes?: readonly Write[];
  /** Kinds that are applied. */
  applied?: readonly string[];
}

export function zeroOf({ watches = [], writes = [], applied = [] }: Known): Partial<Record<MetricName, LabelValues[]>> {
  const ofWatch = each("watch", watches);
  return {
    webflow_relists_total: product(relistReasons, "reason", ofWatch),
    webflow_parse_errors_total: ofWatch,
    webflow_noop_apply_total: each("kind", applied),
    webflow_writes_total: product(
      writeResults,
      "result",
      writes.map((write) => ({ ...write })),
    ),
  };
}
