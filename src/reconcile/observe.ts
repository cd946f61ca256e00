/** The caches and the answers as one flow sees them in one turn. Reads memory only. */
import type { OperatorFacts, Seen } from "../hops/hop.ts";
import type { Kind, KubeObject } from "../kernel/objects.ts";
import type { Settled } from "../probe/question.ts";
import type { Flow } from "../webflow/types.ts";
import { stepKey } from "./plan.ts";

/** What the kernel's cache offers, as far as a turn needs it. */
export interface Objects {
  get(kind: Kind, name: string, namespace?: string): KubeObject | undefined;
  list(kind: Kind, filter?: { namespace?: string; labels?: Readonly<Record<string, string>> }): readonly KubeObject[];
}

export interface Failure {
  reason: string;
  message: string;
  /** It may well succeed in a moment: the API server was busy, or somebody wrote first. */
  passing?: boolean;
}

export interface Observation {
  objects: Objects;
  answer: (key: string) => Settled | undefined;
  /** By `Kind/name`, what came of the last writes that did not succeed. */
  failures: ReadonlyMap<string, Failure>;
  operator: OperatorFacts;
  now: number;
}

export function observe(flow: Pick<Flow, "namespace">, from: Observation): Seen {
  const within = (kind: Kind, namespace?: string) => (kind.namespaced ? (namespace ?? flow.namespace) : undefined);
  return {
    now: from.now,
    operator: from.operator,
    get: (kind, name, namespace) => from.objects.get(kind, name, within(kind, namespace)),
    list: (kind, labels, namespace) => {
      const scope = within(kind, namespace);
      return from.objects.list(kind, {
        ...(scope === undefined ? {} : { namespace: scope }),
        ...(labels === undefined ? {} : { labels }),
      });
    },
    answer: from.answer,
    failure: (kind, name) => from.failures.get(stepKey(kind, name)),
  };
}
