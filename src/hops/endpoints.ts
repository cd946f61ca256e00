/**
 * Whom the Service really leads to, against whom it should: addresses of its slices beside those of our pods. What comes
 * or goes is movement: a pod that has just become ready, one on its way out, an address whose pod has just gone.
 */
import { selectorFor } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow } from "../webflow/types.ts";
import type { Seen } from "./hop.ts";
import { deploymentOf, isOfDeployment, isReady, webPods } from "./pods.ts";
import { ageOf, conditionOf, type Endpoint, type EndpointSliceObject, type PodObject, since } from "./shapes.ts";

/** How long the slices, and our view of them, may lag behind the pods. */
const lagMillis = 15_000;

export interface Comparison {
  /** Our pods that have been ready for long enough and get nothing. */
  missing: PodObject[];
  /** Whether any ready pod of ours gets requests. */
  reached: boolean;
  /** Addresses that get requests and are no pod's of ours. */
  foreign: string[];
}

export function compareEndpoints(flow: Flow, seen: Seen, slices: readonly EndpointSliceObject[]): Comparison {
  const deployment = deploymentOf(flow, seen);
  // Whose pods are ours is known by the Deployment alone; that it is gone is the process's to say.
  if (deployment === undefined) return { missing: [], reached: false, foreign: [] };
  const open = slices.flatMap((slice) =>
    (slice.endpoints ?? []).filter(isOpen).map((endpoint) => ({ ...endpoint, byHand: isByHand(slice) })),
  );
  const addresses = new Set(open.flatMap((endpoint) => endpoint.addresses ?? []));
  const isReached = (pod: PodObject) => addressesOf(pod).some((address) => addresses.has(address));
  const ready = webPods(flow, seen).filter(isReady);
  const pods = seen.list(kinds.Pod, selectorFor(flow, "web")) as readonly PodObject[];
  const ours = pods.filter((pod) => isOfDeployment(pod, deployment, seen) || ageOf(pod, seen.now) < lagMillis);
  const known = { addresses: new Set(ours.flatMap(addressesOf)), names: new Set(ours.map(nameOf)) };
  const all = new Set(pods.map(nameOf));
  const foreign = open
    .filter(({ byHand, targetRef: { name = "" } = {} }) => byHand || (all.has(name) && !known.names.has(name)))
    .flatMap((endpoint) => (endpoint.addresses ?? []).filter((address) => !known.addresses.has(address)));
  return {
    missing: ready.filter((pod) => readyFor(pod, seen.now) > lagMillis && !isReached(pod)),
    reached: ready.some(isReached),
    foreign: [...new Set(foreign)].sort(),
  };
}

const isOpen = ({ conditions }: Endpoint) => conditions?.ready !== false;

const addressesOf = ({ status }: PodObject): string[] => {
  const all = (status?.podIPs ?? []).flatMap(({ ip }) => ip ?? []);
  return status?.podIP === undefined ? all : [...all, status.podIP];
};

const readyFor = (pod: PodObject, now: number) => since(conditionOf(pod, "Ready")?.lastTransitionTime, now);

/** The controller's own slices lead to pods alone: one that is not there has just gone, or is about to come. */
const isByHand = ({ metadata }: EndpointSliceObject) =>
  metadata.labels?.["endpointslice.kubernetes.io/managed-by"] !== "endpointslice-controller.k8s.io";

const nameOf = ({ metadata }: PodObject) => metadata.name;
