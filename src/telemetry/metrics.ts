/**
 * The table made into a registry of prom-client: one registry for one operator, none of the module's. Series of a flow
 * go with the flow.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Answer, Question } from "../probe/question.ts";
import { type HopName, hopNames, type State, type WebFlowStatus } from "../webflow/types.ts";
import { type Known, type LabelValues, type MetricName, type Row, table, zeroOf } from "./table.ts";
import { writeOf } from "./writes.ts";

type Names<K extends Row["kind"]> = { [N in MetricName]: (typeof table)[N]["kind"] extends K ? N : never }[MetricName];
type CounterName = Names<"counter">;
type GaugeName = Names<"gauge">;
type HistogramName = Names<"histogram">;

export interface Metrics {
  readonly registry: Registry;
  count(name: CounterName, labels?: LabelValues, by?: number): void;
  set(name: GaugeName, value: number, labels?: LabelValues): void;
  observe(name: HistogramName, seconds: number, labels?: LabelValues): void;
  /** One answer to a question: fits the prober's `record`. */
  probed(question: Question, answer: Answer): void;
  /** One answer of the API server, counted where it answers a write: fits the client's `onAnswer`. */
  answered(answer: { method: string; path: string; status: number }): void;
  /** A flow's hops and Ready as its status has them. */
  judged(flow: { namespace: string; name: string }, status: WebFlowStatus): void;
  /** A flow that is gone takes its series along. */
  forget(flow: { namespace: string; name: string }): void;
}

/** Its label values are shown as zero from the start. */
export interface MetricsOptions extends Known {
  /** Of the process and Node besides. Default: false. */
  processMetrics?: boolean;
}

const up: Readonly<Record<Exclude<State, "NotApplicable">, number>> = {
  Healthy: 1,
  Degraded: 1,
  Broken: 0,
  Progressing: -1,
  Unknown: -1,
};

export function createMetrics({ processMetrics = false, ...known }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const made = make(registry, known);
  if (processMetrics) collectDefaultMetrics({ register: registry });
  const metrics: Metrics = {
    registry,
    count: (name, labels = {}, by = 1) => made.counters.get(name)?.inc(labels, by),
    set: (name, value, labels = {}) => made.gauges.get(name)?.set(labels, value),
    observe: (name, seconds, labels = {}) => made.histograms.get(name)?.observe(labels, seconds),
    probed: ({ hop, vantage }, { outcome, millis }) => {
      metrics.count("webflow_probes_total", { hop, vantage: vantage.at, outcome });
      metrics.observe("webflow_probe_seconds", millis / 1000, { hop, vantage: vantage.at });
    },
    answered: (answer) => {
      const write = writeOf(answer);
      if (write !== undefined) metrics.count("webflow_writes_total", { ...write });
    },
    judged: (flow, status) => {
      const ready = status.conditions?.find((condition) => condition.type === "Ready")?.status;
      metrics.set("webflow_ready", ready === "True" ? 1 : ready === "False" ? 0 : -1, ids(flow));
      for (const { hop, state } of status.hops ?? []) {
        if (state === "NotApplicable") made.gauges.get("webflow_hop_up")?.remove({ ...ids(flow), hop });
        else metrics.set("webflow_hop_up", up[state], { ...ids(flow), hop });
      }
    },
    forget: (flow) => {
      made.gauges.get("webflow_ready")?.remove(ids(flow));
      for (const hop of hopNames satisfies readonly HopName[])
        made.gauges.get("webflow_hop_up")?.remove({ ...ids(flow), hop });
    },
  };
  return metrics;
}

const ids = ({ namespace, name }: { namespace: string; name: string }) => ({ namespace, name });

interface Made {
  counters: Map<CounterName, Counter>;
  gauges: Map<GaugeName, Gauge>;
  histograms: Map<HistogramName, Histogram>;
}

function make(registry: Registry, known: Known): Made {
  const made: Made = { counters: new Map(), gauges: new Map(), histograms: new Map() };
  const told = zeroOf(known);
  for (const name of Object.keys(table) as MetricName[]) {
    const row: Row = table[name];
    const shape = { name, help: row.help, labelNames: [...row.labels], registers: [registry] };
    const zero = [...(row.zero?.() ?? []), ...(told[name] ?? [])];
    if (row.kind === "counter") {
      const counter = new Counter(shape);
      made.counters.set(name as CounterName, counter);
      for (const labels of zero) counter.inc(labels, 0);
    } else if (row.kind === "gauge") {
      const gauge = new Gauge(shape);
      made.gauges.set(name as GaugeName, gauge);
      for (const labels of zero) gauge.set(labels, 0);
    } else {
      made.histograms.set(name as HistogramName, new Histogram({ ...shape, buckets: [...(row.buckets ?? [])] }));
    }
  }
  return made;
}
