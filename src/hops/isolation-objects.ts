/**
 * Isolation judged by objects alone: our policy as wanted, none beside it that widens it, and the clients' label worn by
 * nobody but our own pods. Shows at once what a probe would show a round later.
 */
import type { KubeObject } from "../kernel/objects.ts";
import { databasePort, labels, labelsFor, names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Reason } from "../webflow/reasons.ts";
import type { Flow, Ref } from "../webflow/types.ts";
import { policySpec, portName } from "./database-desire.ts";
import { databasePod } from "./database-pod.ts";
import { listed, named, refTo } from "./facts.ts";
import type { Seen } from "./hop.ts";
import { deploymentOf, isOfDeployment, isOver } from "./pods.ts";
import { equal, matches, opensPort } from "./selectors.ts";
import {
  ageOf,
  byName,
  controllerOf,
  isChildOf,
  type PodObject,
  type PolicyObject,
  type PolicyRule,
  since,
} from "./shapes.ts";

export interface Isolation {
  status: "Proven" | "Violated" | "Unproven";
  reason: Reason;
  message: string;
}

export interface Finding extends Isolation {
  name: string;
  vantage: string;
  /** Not yet known, rather than not to be known. */
  pending?: boolean;
  refs?: Ref[];
}

type Said = Pick<Finding, "reason" | "message"> & { refs?: Ref[] };
export const finding = (name: string, vantage = "api") => ({
  proven: (said: Said): Finding => ({ name, vantage, status: "Proven", ...said }),
  violated: (said: Said): Finding => ({ name, vantage, status: "Violated", ...said }),
  unproven: (said: Said): Finding => ({ name, vantage, status: "Unproven", ...said }),
  pending: (said: Said): Finding => ({ name, vantage, status: "Unproven", pending: true, ...said }),
});

export function policyFinding(flow: Flow, seen: Seen): Finding {
  const name = names.databasePolicy(flow);
  const said = finding("policy");
  const policies = seen.list(kinds.NetworkPolicy) as readonly PolicyObject[];
  const worn = labelsWorn(flow, seen);
  const wider = policies.filter((policy) => policy.metadata.name !== name && widens(policy, flow, worn)).sort(byName);
  if (wider.length > 0) {
    const message = `${listed(wider.map((each) => named(kinds.NetworkPolicy, each.metadata.name)))} lets others in to the database: delete it, or select other pods with it.`;
    const refs = wider.map((each) => refTo(kinds.NetworkPolicy, each.metadata.name));
    return said.violated({ reason: "PolicyWidened", message, refs });
  }
  const ours = policies.find((policy) => policy.metadata.name === name);
  const refs = [refTo(kinds.NetworkPolicy, name)];
  if (ours === undefined || !isChildOf(flow, ours) || !equal(ours.spec, policySpec(flow))) {
    return said.pending({
      reason: "PolicyNotInPlace",
      message: `${named(kinds.NetworkPolicy, name)} is not as wanted; it is being put right.`,
      refs,
    });
  }
  return said.proven({
    reason: "PolicyInPlace",
    message: `${named(kinds.NetworkPolicy, name)} lets the database's clients in and nobody else.`,
    refs,
  });
}

/** Whether it selects the database's pod and lets in anybody but its clients, at the database's port. */
function widens({ spec = {} }: PolicyObject, flow: Flow, worn: readonly Record<string, string>[]): boolean {
  if (!worn.some((each) => matches(spec.podSelector ?? {}, each))) return false;
  if (!(spec.policyTypes ?? ["Ingress"]).includes("Ingress")) return false;
  return (spec.ingress ?? []).some(
    (rule) => opensPort(rule, { number: databasePort, name: portName }) && !isForClients(rule, flow),
  );
}

/** What the next pod will wear, and what the one that runs does: anybody may have put more on it. */
function labelsWorn(flow: Flow, seen: Seen): Record<string, string>[] {
  const live = databasePod(flow, seen)?.metadata.labels;
  return live === undefined ? [databaseLabels(flow)] : [databaseLabels(flow), live];
}

/** The labels that the StatefulSet's controller adds are selected by as well. */
const databaseLabels = (flow: Flow) => ({
  ...labelsFor(flow, "database"),
  "statefulset.kubernetes.io/pod-name": names.databasePod(flow),
  "apps.kubernetes.io/pod-index": "0",
});

function isForClients({ from }: PolicyRule, flow: Flow): boolean {
  if (from === undefined || from.length === 0) return false;
  return from.every(
    ({ podSelector, namespaceSelector, ipBlock }) =>
      namespaceSelector === undefined &&
      ipBlock === undefined &&
      podSelector?.matchLabels?.[labels.databaseClient] === flow.name,
  );
}

export function clientsFinding(flow: Flow, seen: Seen): Finding {
  const said = finding("clients");
  const wearing = seen.list(kinds.Pod, { [labels.databaseClient]: flow.name }) as readonly PodObject[];
  const others = wearing.filter((pod) => !isOver(pod) && !isClient(pod, flow, seen)).sort(byName);
  const foreign = others.filter((pod) => !isLeftOver(pod, flow, seen));
  if (others.length > 0 && foreign.length === 0) {
    const message = "Pods of an earlier Deployment of this WebFlow wear the clients' label until they are gone.";
    return said.pending({ reason: "ClientsLeaving", message });
  }
  if (foreign.length === 0) {
    return said.proven({
      reason: "ClientsAreOurs",
      message: "Nobody but this WebFlow's own pods wears the clients' label.",
    });
  }
  const refs = foreign.map((pod) => refTo(kinds.Pod, pod.metadata.name));
  const who = listed(refs.map(({ kind, name }) => `${kind}/${name}`));
  const message = `${who} wears the label ${labels.databaseClient}: ${flow.name} and is let in to the database: take the label off.`;
  return said.violated({ reason: "ForeignClient", message, refs });
}

/** What controls a pod of ours may reach our caches a little after it; its name tells until then. */
const ownerMillis = 15_000;

function isClient(pod: PodObject, flow: Flow, seen: Seen): boolean {
  const owner = controllerOf(pod);
  if (owner?.kind === kinds.ReplicaSet.kind) {
    const deployment = deploymentOf(flow, seen);
    if (deployment !== undefined && isOfDeployment(pod, deployment, seen)) return true;
    const known = deployment !== undefined && seen.get(kinds.ReplicaSet, owner.name) !== undefined;
    return !known && mayBeOurs(pod, names.web(flow), seen);
  }
  if (owner?.kind !== kinds.Job.kind) return false;
  const job = seen.get(kinds.Job, owner.name);
  if (job === undefined) return mayBeOurs(pod, names.control(flow), seen);
  return job.metadata.uid === owner.uid && isChildOf(flow, job);
}

const mayBeOurs = (pod: PodObject, prefix: string, seen: Seen) =>
  ageOf(pod, seen.now) < ownerMillis && controllerOf(pod)?.name.startsWith(`${prefix}-`) === true;

/** How long after its time what ends may still be shown to us. */
const lateMillis = 15_000;
/** How long the garbage collector may take to get to the pods of a Deployment that was deleted. */
const collectMillis = 60_000;

/**
 * Of a Deployment of ours that was deleted: the pod is on its way out; or its ReplicaSet still names the Deployment; or
 * that has gone already, a moment before its pods, and our Deployment has just been made anew.
 */
function isLeftOver(pod: PodObject, flow: Flow, seen: Seen): boolean {
  const owner = controllerOf(pod);
  const web = names.web(flow);
  if (owner?.kind !== kinds.ReplicaSet.kind || !owner.name.startsWith(`${web}-`)) return false;
  if (pod.metadata.deletionTimestamp !== undefined) return isEnding(pod, seen);
  const set = seen.get(kinds.ReplicaSet, owner.name);
  if (set !== undefined && set.metadata.uid === owner.uid) {
    const above = controllerOf(set);
    const isOfOurs = above?.kind === kinds.Deployment.kind && above.name === web;
    return isOfOurs && (set.metadata.deletionTimestamp === undefined || isEnding(set, seen));
  }
  const deployment = deploymentOf(flow, seen);
  return deployment === undefined || ageOf(deployment, seen.now) < collectMillis;
}

const isEnding = ({ metadata }: KubeObject, { now }: Seen) => since(metadata.deletionTimestamp, now) < lateMillis;

const proberLabels = { [labels.name]: "webflow-prober" };

/**
 * Policies that leave the forbidden prober less than every way out: it may then be refused by them and not by the
 * database's. What a prober really wears counts as well, not only its name.
 */
export function policiesOnProber(seen: Seen): PolicyObject[] {
  const { namespace } = seen.operator;
  const worn = seen.list(kinds.Pod, proberLabels, namespace).map(({ metadata }) => metadata.labels ?? {});
  const policies = seen.list(kinds.NetworkPolicy, undefined, namespace) as readonly PolicyObject[];
  return policies.filter((policy) => limitsEgress(policy, [proberLabels, ...worn])).sort(byName);
}

function limitsEgress({ spec = {} }: PolicyObject, worn: readonly Record<string, string>[]): boolean {
  const { egress = [], policyTypes = egress.length > 0 ? ["Ingress", "Egress"] : ["Ingress"] } = spec;
  if (!policyTypes.includes("Egress") || !worn.some((each) => matches(spec.podSelector ?? {}, each))) return false;
  return !egress.some(({ to = [], ports = [] }) => to.length === 0 && ports.length === 0);
}
