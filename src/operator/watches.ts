/** What the operator keeps in memory, and how narrowly: tenants' objects only where they are ours or must be judged. */
import type { WatchSpec } from "../kernel/read/selector.ts";
import { labels, manager } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";

const ours = `${labels.managedBy}=${manager}`;

export function watches(namespace: string): WatchSpec[] {
  return [
    { kind: kinds.WebFlowKind },
    { kind: kinds.WebFlowClassKind },
    { kind: kinds.Deployment, labelSelector: ours },
    { kind: kinds.ReplicaSet, labelSelector: ours },
    { kind: kinds.StatefulSet, labelSelector: ours },
    { kind: kinds.Service, labelSelector: ours },
    { kind: kinds.Service, namespace },
    { kind: kinds.ServiceAccount, labelSelector: ours },
    { kind: kinds.Ingress, labelSelector: ours },
    { kind: kinds.HorizontalPodAutoscaler, labelSelector: ours },
    { kind: kinds.PodDisruptionBudget, labelSelector: ours },
    { kind: kinds.EndpointSlice, labelSelector: ours },
    { kind: kinds.PersistentVolumeClaim, labelSelector: ours },
    { kind: kinds.Job, labelSelector: ours },
    // A policy of somebody else may widen ours: isolation is judged over all of them.
    { kind: kinds.NetworkPolicy },
    { kind: kinds.Pod, labelSelector: labels.flow },
    // A pod that wears the client's label without being ours is news.
    { kind: kinds.Pod, labelSelector: labels.databaseClient },
    { kind: kinds.Pod, namespace },
    { kind: kinds.Node },
    { kind: kinds.IngressClass },
    { kind: kinds.ConfigMap, namespace, fieldSelector: `metadata.name=${zonesConfigMap}` },
  ];
}

export const zonesConfigMap = "webflow-zones";
/** Labels by which hops and wakes list. */
export const indexedLabels = [labels.flow, labels.databaseClient, labels.name];
