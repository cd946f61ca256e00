/**
 * The group of VMs: how many pods, and on which ground. Desires the autoscaler and the disruption budget; the spread is
 * in the pods' template. Judges that pods are made and placed, never that a placed pod works.
 */
import { labelsFor, names, selectorFor } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import { passedThrough } from "../webflow/reasons.ts";
import type { Fact, Flow } from "../webflow/types.ts";
import { fact, failureFacts, faultFacts, listed, named, refTo } from "./facts.ts";
import { isInSubnet, isOnLostNode, nodeOf, nodesOf, openNodes, unplacedWords } from "./ground.ts";
import type { Desired, Hop, Seen } from "./hop.ts";
import { deploymentOf, isPlaced, podRefs, shortened, webPods } from "./pods.ts";
import { ageOf, conditionOf, isNew, type PodObject, type ScalerObject, since } from "./shapes.ts";

/** Pods beyond the load's need go after this long of less load. */
const shrinkSeconds = 120;
/** For so long a look of the autoscaler's that fails is no finding. */
const metricsMillis = 120_000;
/** Only pods that have stayed where they are tell that the group is not spread. */
const settledMillis = 60_000;

export const vmgroup: Hop = {
  name: "vmgroup",
  watches: [
    kinds.HorizontalPodAutoscaler,
    kinds.PodDisruptionBudget,
    kinds.Deployment,
    kinds.ReplicaSet,
    kinds.Pod,
    kinds.Node,
  ],

  asks: () => [],

  desire(flow) {
    return flow.group.min === 1 ? [scaler(flow)] : [scaler(flow), budget(flow)];
  },

  judge(flow, seen) {
    const name = names.web(flow);
    const failed = failureFacts(seen, [
      [kinds.HorizontalPodAutoscaler, name],
      [kinds.PodDisruptionBudget, name],
    ]);
    const pods = webPods(flow, seen);
    const placed = pods.filter(isPlaced);
    const front = [...faultFacts(flow, "vmgroup"), ...failed, placedFact(flow, seen, pods)];
    return [...front, ...groundFacts(flow, seen, placed), scalerFact(flow, seen)];
  },
};

const object = (kind: typeof kinds.Pod, flow: Flow, spec: Record<string, unknown>) => ({
  apiVersion: kind.apiVersion,
  kind: kind.kind,
  metadata: { name: names.web(flow), namespace: flow.namespace, labels: labelsFor(flow, "web") },
  spec,
});

function scaler(flow: Flow): Desired {
  const { min, max, targets } = flow.group;
  const kind = kinds.HorizontalPodAutoscaler;
  return {
    kind,
    mode: "apply",
    object: object(kind, flow, {
      scaleTargetRef: { apiVersion: kinds.Deployment.apiVersion, kind: kinds.Deployment.kind, name: names.web(flow) },
      minReplicas: min,
      maxReplicas: max,
      metrics: targets.map(({ resource, utilization }) => ({
        type: "Resource",
        resource: { name: resource, target: { type: "Utilization", averageUtilization: utilization } },
      })),
      behavior: { scaleDown: { stabilizationWindowSeconds: shrinkSeconds } },
    }),
  };
}

/** None for one pod: it would keep its node from ever being emptied. */
function budget(flow: Flow): Desired {
  const kind = kinds.PodDisruptionBudget;
  const spec = {
    maxUnavailable: 1,
    selector: { matchLabels: selectorFor(flow, "web") },
    unhealthyPodEvictionPolicy: "AlwaysAllow",
  };
  return { kind, mode: "apply", object: object(kind, flow, spec) };
}

function placedFact(flow: Flow, seen: Seen, pods: readonly PodObject[]): Fact {
  const name = named(kinds.Deployment, names.web(flow));
  const deployment = deploymentOf(flow, seen);
  if (deployment === undefined) return fact("placed").progressing("NotWrittenYet", `${name} is not there yet.`);
  if (deployment.spec?.replicas === 0) {
    const remedy = `kubectl scale ${name.toLowerCase()} -n ${flow.namespace} --replicas=${flow.group.min}`;
    return fact("placed").broken(
      "ScaledToZero",
      `${name} has been scaled to none, from which no autoscaler brings it back: ${remedy}.`,
    );
  }
  const placed = pods.some(isPlaced);
  const lessened = placed ? "Degraded" : "Broken";
  const stuck = pods.filter((pod) => unplacedWords(pod, seen.now) !== undefined);
  const [first] = stuck;
  if (first !== undefined) {
    const words = unplacedWords(first, seen.now) ?? "";
    const who = placed ? `Some pods of ${name} cannot be placed` : `No pod of ${name} can be placed`;
    const about = fact({ name: "placed", refs: podRefs(stuck) });
    return about.is(lessened, "Unschedulable", `${who}, says the scheduler: ${words}.`);
  }
  const refused = conditionOf(deployment, "ReplicaFailure");
  if (refused?.status === "True") {
    const about = fact({ name: "placed", refs: [refTo(kinds.Deployment, names.web(flow))] });
    return about.is(
      lessened,
      refused.reason === undefined ? "FailedCreate" : passedThrough(refused.reason),
      `Pods of ${name} cannot be made: ${refusal(refused.message)}.`,
    );
  }
  if (!placed) return fact("placed").progressing("Placing", `Pods of ${name} are being placed.`);
  return fact("placed").healthy("Placed", `The pods of ${name} are placed on nodes.`);
}

/** The quota's name without its numbers, which move. */
function refusal(message = ""): string {
  const quota = /exceeded quota: ([^,\s]+)/.exec(message)?.[1];
  return quota === undefined ? shortened(message) : `ResourceQuota/${quota} is used up`;
}

function groundFacts(flow: Flow, seen: Seen, placed: readonly PodObject[]): Fact[] {
  if (placed.length === 0) return [];
  if (nodesOf(seen).length === 0) {
    return [fact({ name: "nodes", required: false }).unknown("NodesNotSeen", "The operator may not see nodes.")];
  }
  return [nodesFact(seen, placed), ...subnetFact(flow, seen, placed), ...spreadFact(flow, seen, placed)];
}

function nodesFact(seen: Seen, placed: readonly PodObject[]): Fact {
  const lost = placed.filter((pod) => isOnLostNode(pod, seen));
  const gone = [...new Set(lost.map((pod) => pod.spec?.nodeName ?? ""))].sort();
  const about = fact({ name: "nodes", refs: gone.map((node) => refTo(kinds.Node, node)) });
  if (lost.length === 0) return about.healthy("NodesReady", "The nodes under the pods are ready.");
  const message = `${listed(gone.map((node) => named(kinds.Node, node)))} under pods of this WebFlow is lost or not ready.`;
  return lost.length === placed.length ? about.broken("NodesLost", message) : about.degraded("NodeLost", message);
}

function subnetFact(flow: Flow, seen: Seen, placed: readonly PodObject[]): Fact[] {
  const { subnet } = flow.group;
  if (subnet === undefined) return [];
  const astray = placed.filter((pod) => {
    const node = nodeOf(pod, seen);
    return node !== undefined && !isInSubnet(node, subnet);
  });
  const about = fact({ name: "subnet", refs: podRefs(astray) });
  if (astray.length === 0) return [about.healthy("InSubnet", `The pods are on nodes of subnet ${subnet.name}.`)];
  const where = listed(astray.map((pod) => named(kinds.Node, pod.spec?.nodeName ?? "")));
  return [about.degraded("OutsideSubnet", `Pods are on ${where}, outside subnet ${subnet.name}.`)];
}

const domains = { Zone: "topology.kubernetes.io/zone", Node: "kubernetes.io/hostname" } as const;

function spreadFact(flow: Flow, seen: Seen, placed: readonly PodObject[]): Fact[] {
  const { spread, subnet } = flow.group;
  const about = fact({ name: "spread", required: false });
  if (spread === "None") return [];
  if (placed.length < 2) return [about.notApplicable("OnePod", "There is one pod: nothing to spread.")];
  const label = domains[spread];
  const open = new Set(openNodes(subnet, seen).flatMap((node) => node.metadata.labels?.[label] ?? []));
  const used = new Set(placed.flatMap((pod) => nodeOf(pod, seen)?.metadata.labels?.[label] ?? []));
  const [only] = used;
  if (only === undefined) return [];
  if (used.size > 1 || open.size < 2) {
    return [about.healthy("Spread", `The pods are spread over every ${spread.toLowerCase()} there is for them.`)];
  }
  if (placed.some((pod) => ageOf(pod, seen.now) < settledMillis)) {
    return [about.progressing("Spreading", "Pods come and go: how they are spread is told when they have settled.")];
  }
  const remedy = `kubectl rollout restart ${named(kinds.Deployment, names.web(flow)).toLowerCase()} -n ${flow.namespace} spreads them again`;
  return [
    about.degraded(
      "NotSpread",
      `All pods are in ${spread.toLowerCase()} ${only}, though others would take them: ${remedy}.`,
    ),
  ];
}

function scalerFact(flow: Flow, seen: Seen): Fact {
  const name = names.web(flow);
  const about = fact({ name: "autoscaler", required: false, refs: [refTo(kinds.HorizontalPodAutoscaler, name)] });
  const title = named(kinds.HorizontalPodAutoscaler, name);
  if (flow.group.min === flow.group.max)
    return about.notApplicable("FixedSize", "The group has one size: it is not scaled.");
  const live = seen.get(kinds.HorizontalPodAutoscaler, name) as ScalerObject | undefined;
  const [able, active] = [conditionOf(live, "AbleToScale"), conditionOf(live, "ScalingActive")];
  if (live === undefined || (able ?? active) === undefined) {
    return about.progressing("NotJudgedYet", `${title} has not looked yet.`);
  }
  const against = [able, active].find((condition) => condition?.status === "False");
  const well = about.healthy("ReadsMetrics", `${title} reads its metrics and can scale.`);
  if (against === undefined) return well;
  if (isNew(live, seen.now)) return about.progressing("MetricsPending", `${title} reads no metrics yet.`);
  // New pods have no metrics for a while, and a look that fails is taken again: neither is a change.
  if (since(against.lastTransitionTime, seen.now) < metricsMillis) return well;
  const why = against.reason ?? "no reason given";
  if (against.type === "AbleToScale") return about.degraded("UnableToScale", `${title} cannot scale (${why}).`);
  return about.degraded("NoMetrics", `${title} reads no metrics (${why}): see that the metrics server runs.`);
}
