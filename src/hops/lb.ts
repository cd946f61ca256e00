/**
 * The load balancer: who gets requests, and does each of them answer by itself? Desires the Service. Asks every ready
 * pod at its own address, never through the Service, so that one that is deaf shows among many that are not.
 */
import type { Ask, Question } from "../probe/question.ts";
import { labels, labelsFor, names, selectorFor } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Fact, Flow, Ref } from "../webflow/types.ts";
import { type Asked, combine, type Saying } from "./answers.ts";
import { compareEndpoints } from "./endpoints.ts";
import { fact, failureFacts, faultFacts, listed, mostRefs, named, refTo } from "./facts.ts";
import type { Desired, Hop, Seen } from "./hop.ts";
import { deploymentOf, isReady, podRefs, webPods } from "./pods.ts";
import { claimProblem, unasked } from "./public.ts";
import { equal, matches, opensPort } from "./selectors.ts";
import {
  byName,
  type EndpointSliceObject,
  isChildOf,
  isNew,
  type PodObject,
  type PolicyObject,
  type PolicyRule,
  type ServiceObject,
} from "./shapes.ts";

const withinMillis = 2000;

export const lb: Hop = {
  name: "lb",
  watches: [kinds.Service, kinds.EndpointSlice, kinds.Deployment, kinds.ReplicaSet, kinds.Pod, kinds.NetworkPolicy],

  asks(flow, seen) {
    return claimProblem(flow) === undefined ? targetsOf(flow, seen).map(({ question }) => question) : [];
  },

  desire(flow) {
    return [service(flow)];
  },

  judge(flow, seen) {
    const failed = failureFacts(seen, [[kinds.Service, names.web(flow)]]);
    const front = [...faultFacts(flow, "lb"), ...failed, serviceFact(flow, seen), endpointsFact(flow, seen)];
    return [...front, ...targetsFact(flow, seen)];
  },
};

function service(flow: Flow): Desired {
  return {
    kind: kinds.Service,
    mode: "apply",
    object: {
      apiVersion: kinds.Service.apiVersion,
      kind: kinds.Service.kind,
      metadata: { name: names.web(flow), namespace: flow.namespace, labels: labelsFor(flow, "web") },
      spec: {
        type: "ClusterIP",
        selector: selectorFor(flow, "web"),
        ports: flow.process.ports.map(({ name, port }) => ({ name, port, protocol: "TCP", targetPort: name })),
      },
    },
  };
}

function serviceFact(flow: Flow, seen: Seen): Fact {
  const name = names.web(flow);
  const about = fact({ name: "service", refs: [refTo(kinds.Service, name)] });
  const live = seen.get(kinds.Service, name) as ServiceObject | undefined;
  if (live === undefined || !isChildOf(flow, live))
    return about.progressing("NotWrittenYet", `${named(kinds.Service, name)} is not there yet.`);
  if (!equal(live.spec?.selector, selectorFor(flow, "web"))) {
    return about.progressing(
      "SelectorWrong",
      `The selector of ${named(kinds.Service, name)} is not ours; it is being put right.`,
    );
  }
  const right = flow.process.ports.every(({ name: port, port: number }) =>
    live.spec?.ports?.some((each) => each.name === port && each.port === number && each.targetPort === port),
  );
  if (!right) {
    return about.progressing(
      "PortsWrong",
      `The ports of ${named(kinds.Service, name)} are not ours; they are being put right.`,
    );
  }
  return about.healthy("SelectsPods", `${named(kinds.Service, name)} selects this WebFlow's pods by their ports.`);
}

/** The Service's own labels are on its slices as well: ours are indexed. */
const serviceLabel = "kubernetes.io/service-name";

function endpointsFact(flow: Flow, seen: Seen): Fact {
  const about = fact({ name: "endpoints", refs: [refTo(kinds.Service, names.web(flow))] });
  const slices = seen.list(kinds.EndpointSlice, {
    [labels.flow]: flow.name,
    [serviceLabel]: names.web(flow),
  }) as readonly EndpointSliceObject[];
  const ready = slices.some(({ endpoints }) => (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false));
  if (ready) return comparedFact(flow, seen, slices);
  const deployment = deploymentOf(flow, seen);
  const starting = deployment === undefined || isNew(deployment, seen.now);
  const message = `No target of ${named(kinds.Service, names.web(flow))} is ready to get requests.`;
  return about.is(starting ? "Progressing" : "Broken", "NoReadyTarget", message);
}

function comparedFact(flow: Flow, seen: Seen, slices: readonly EndpointSliceObject[]): Fact {
  const title = named(kinds.Service, names.web(flow));
  const { missing, reached, foreign } = compareEndpoints(flow, seen, slices);
  const found = (refs: Ref[]) => fact({ name: "endpoints", refs: [refTo(kinds.Service, names.web(flow)), ...refs] });
  const remedy = "see the EndpointSlices of the Service and who writes them";
  if (missing.length > 0 && !reached) {
    return found(podRefs(missing)).broken("TargetMissing", `${title} leads to none of the ready pods: ${remedy}.`);
  }
  if (foreign.length > 0) {
    const message = `${title} leads to ${listed(foreign)} as well, which is no pod of this WebFlow: ${remedy}.`;
    return found([]).degraded("ForeignTarget", message);
  }
  if (missing.length > 0) {
    const message = `${title} does not lead to every pod that is ready: ${remedy}.`;
    return found(podRefs(missing)).degraded("TargetMissing", message);
  }
  return found([]).healthy("TargetsReady", `${title} has targets that are ready.`);
}

interface Target {
  pod: PodObject;
  question: Question;
}

const askedPort = ({ process: { health, ports } }: Flow) => ports.find(({ name }) => name === health?.port) ?? ports[0];

function targetsOf(flow: Flow, seen: Seen): Target[] {
  const { health } = flow.process;
  const port = askedPort(flow)?.port;
  if (port === undefined) return [];
  return webPods(flow, seen).flatMap((pod): Target[] => {
    const address = pod.status?.podIP;
    if (address === undefined || !isReady(pod)) return [];
    const ask: Ask =
      health === undefined
        ? { type: "tcp", address, port }
        : { type: "http", address, port, host: flow.host, method: "GET", path: health.path, withinMillis };
    const key = `lb/target/${address}:${port}`;
    const question: Question = {
      key,
      hop: "lb",
      vantage: { at: "operator" },
      ask,
      everyMillis: flow.class.roundMillis,
    };
    return [{ pod, question }];
  });
}

function targetsFact(flow: Flow, seen: Seen): Fact[] {
  const problem = claimProblem(flow);
  if (problem !== undefined) return [unasked(fact({ name: "targets", required: false }), problem)];
  const targets = targetsOf(flow, seen);
  if (targets.length === 0) return [];
  const asked = targets.map(({ pod, question }): Asked => {
    const settled = seen.answer(question.key);
    return { subject: `${named(kinds.Pod, pod.metadata.name)} at its own address`, vantage: "operator", settled };
  });
  const well: Saying = {
    reason: "TargetsAnswer",
    message: "Every ready target answers at its own address.",
    remedy: "see its log",
  };
  const found = combine({ name: "targets", vantage: "operator" }, asked, well);
  if (found.state !== "Broken" && found.state !== "Degraded") return [found];
  const deaf = targets.filter(({ question }) => isUnwell(seen.answer(question.key)?.settled));
  const refs = podRefs(deaf.map(({ pod }) => pod));
  const policy = found.state === "Broken" && found.reason === "TimedOut" ? closingPolicy(flow, seen) : undefined;
  if (policy === undefined) return [{ ...found, refs: refs.slice(0, mostRefs) }];
  const message = `${named(kinds.NetworkPolicy, policy)} may close the pods to the operator: allow its namespace, or judge by whole requests.`;
  return [
    fact({ name: "targets", vantage: "operator", refs: [refTo(kinds.NetworkPolicy, policy)] }).unknown(
      "ClosedToUs",
      message,
    ),
  ];
}

const isUnwell = (outcome: string | undefined) => outcome !== undefined && outcome !== "ok";

/** A policy of somebody else's that governs who may reach the web pods; none while one of them lets us in. */
function closingPolicy(flow: Flow, seen: Seen): string | undefined {
  const policies = seen.list(kinds.NetworkPolicy) as readonly PolicyObject[];
  const worn = labelsFor(flow, "web");
  const governing = [...policies]
    .sort(byName)
    .filter(
      ({ spec }) => matches(spec?.podSelector ?? {}, worn) && (spec?.policyTypes ?? ["Ingress"]).includes("Ingress"),
    );
  const rules = governing.flatMap(({ spec }) => spec?.ingress ?? []);
  return rules.some((rule) => admitsUs(rule, flow, seen)) ? undefined : governing[0]?.metadata.name;
}

/** What every namespace, and what the operator's pods, can be selected by for certain. */
const namespaceLabel = "kubernetes.io/metadata.name";
const operatorLabels = { [labels.name]: "webflow-operator" };

function admitsUs(rule: PolicyRule, flow: Flow, { operator }: Seen): boolean {
  const port = askedPort(flow);
  if (port === undefined || !opensPort(rule, { number: port.port, name: port.name })) return false;
  if (rule.from === undefined || rule.from.length === 0) return true;
  return rule.from.some(
    ({ namespaceSelector, podSelector }) =>
      namespaceSelector !== undefined &&
      matches(namespaceSelector, { [namespaceLabel]: operator.namespace }) &&
      matches(podSelector ?? {}, operatorLabels),
  );
}
