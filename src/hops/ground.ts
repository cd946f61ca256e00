/** What pods stand on: nodes, subnets, and the scheduler's words where they stand on nothing. */
import type { Subnet } from "../webflow/class-schema.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Seen } from "./hop.ts";
import { byName, conditionOf, type NodeObject, type PodObject, since } from "./shapes.ts";

/** The scheduler tries again by itself; only after this long is it a finding. */
const unplacedMillis = 30_000;

/** The scheduler's own words on a pod that it has found no node for; undefined: none, or too fresh. */
export function unplacedWords(pod: PodObject, now: number): string | undefined {
  const scheduled = conditionOf(pod, "PodScheduled");
  if (scheduled?.status !== "False" || scheduled.reason !== "Unschedulable") return undefined;
  if (since(scheduled.lastTransitionTime, now) < unplacedMillis) return undefined;
  return schedulerWords(scheduled.message ?? "");
}

/** "0/4 nodes are available: 1 Insufficient cpu, 3 ..." without its counts, which move with every node. */
export function schedulerWords(message: string): string {
  const sentence = message.split(/\.\s|\.$|,? ?preemption:/)[0] ?? "";
  const clauses = sentence
    .replace(/^\d+\/\d+ nodes are available: ?/, "")
    .split(/, (?=\d)/)
    .map((clause) => clause.replace(/^\d+ (node\(s\) )?/, "").trim());
  const words = [...new Set(clauses)]
    .filter((clause) => clause !== "")
    .sort()
    .join("; ");
  return words === "" ? "no node takes it" : words.slice(0, 300);
}

export function nodeOf(pod: PodObject, seen: Seen): NodeObject | undefined {
  const name = pod.spec?.nodeName;
  return name === undefined ? undefined : (seen.get(kinds.Node, name) as NodeObject | undefined);
}

export const nodesOf = (seen: Seen): readonly NodeObject[] =>
  [...(seen.list(kinds.Node) as readonly NodeObject[])].sort(byName);

export const isUp = (node: NodeObject | undefined): boolean => conditionOf(node, "Ready")?.status === "True";

/** Whether the pod's node has gone, or does not answer the control plane. */
export const isOnLostNode = (pod: PodObject, seen: Seen): boolean =>
  pod.spec?.nodeName !== undefined && !isUp(nodeOf(pod, seen));

export function isInSubnet(node: NodeObject, subnet: Subnet | undefined): boolean {
  const labels = node.metadata.labels ?? {};
  return Object.entries(subnet?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
}

/** Nodes that would take a pod of the subnet now. */
export function openNodes(subnet: Subnet | undefined, seen: Seen): NodeObject[] {
  return nodesOf(seen).filter(
    (node) => isUp(node) && node.spec?.unschedulable !== true && isInSubnet(node, subnet) && bearsTaints(node, subnet),
  );
}

function bearsTaints(node: NodeObject, subnet: Subnet | undefined): boolean {
  const hard = (node.spec?.taints ?? []).filter((taint) => taint.effect !== "PreferNoSchedule");
  return hard.every((taint) =>
    (subnet?.tolerations ?? []).some(
      (bears) =>
        bears.key === taint.key &&
        (bears.effect === undefined || bears.effect === taint.effect) &&
        (bears.operator === "Exists" || (bears.value ?? "") === (taint.value ?? "")),
    ),
  );
}
