/**
 * The fields of Kubernetes objects that hops read, and nothing more. Objects stay as the API server sent them: every
 * field may be absent, and a cast to one of these promises only that.
 */
import type { KubeObject, OwnerReference } from "../kernel/objects.ts";

export interface StatusCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

interface Terminated {
  exitCode?: number;
  reason?: string;
  message?: string;
  finishedAt?: string;
}

export interface ContainerStatus {
  name: string;
  image?: string;
  ready?: boolean;
  restartCount?: number;
  state?: {
    waiting?: { reason?: string; message?: string };
    running?: { startedAt?: string };
    terminated?: Terminated;
  };
  lastState?: { terminated?: Terminated };
}

export interface PodObject extends KubeObject {
  spec?: { nodeName?: string; containers?: { name: string; image?: string }[] };
  status?: {
    phase?: string;
    podIP?: string;
    podIPs?: { ip?: string }[];
    startTime?: string;
    conditions?: StatusCondition[];
    containerStatuses?: ContainerStatus[];
  };
}

export interface NodeObject extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] };
  status?: { conditions?: StatusCondition[] };
}

export interface DeploymentObject extends KubeObject {
  spec?: { replicas?: number };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    conditions?: StatusCondition[];
  };
}

export interface ClaimTemplate {
  metadata?: { name?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: { accessModes?: string[]; resources?: { requests?: { storage?: string } }; storageClassName?: string };
}

export interface StatefulSetObject extends KubeObject {
  spec?: { volumeClaimTemplates?: ClaimTemplate[] };
}

export interface ClaimObject extends KubeObject {
  spec?: { storageClassName?: string; resources?: { requests?: { storage?: string } } };
  status?: { phase?: string; conditions?: StatusCondition[] };
}

export interface IngressObject extends KubeObject {
  spec?: { ingressClassName?: string };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}

export interface ServiceObject extends KubeObject {
  spec?: {
    selector?: Record<string, string>;
    ports?: { name?: string; port: number; targetPort?: number | string; protocol?: string }[];
  };
}

export interface Endpoint {
  addresses?: string[];
  conditions?: { ready?: boolean };
  targetRef?: { kind?: string; name?: string };
}

export interface EndpointSliceObject extends KubeObject {
  endpoints?: Endpoint[];
}

export interface ScalerObject extends KubeObject {
  status?: { conditions?: StatusCondition[] };
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface PolicyPeer {
  podSelector?: LabelSelector;
  namespaceSelector?: LabelSelector;
  ipBlock?: unknown;
}

export interface PolicyRule {
  from?: PolicyPeer[];
  ports?: { protocol?: string; port?: number | string; endPort?: number }[];
}

export interface EgressRule {
  to?: unknown[];
  ports?: unknown[];
}

export interface PolicyObject extends KubeObject {
  spec?: { podSelector?: LabelSelector; policyTypes?: string[]; ingress?: PolicyRule[]; egress?: EgressRule[] };
}

type Owned = { metadata: { ownerReferences?: OwnerReference[] } };

export const controllerOf = (object: Owned): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true);

/** Controlled by this flow itself: ours, and of this flow's life. */
export const isChildOf = (flow: { uid: string }, object: Owned): boolean => controllerOf(object)?.uid === flow.uid;

export const conditionOf = (
  object: { status?: { conditions?: StatusCondition[] } } | undefined,
  type: string,
): StatusCondition | undefined => object?.status?.conditions?.find((condition) => condition.type === type);

/** Milliseconds since a time by RFC 3339; 0 where it is not there, so that what has no time yet is new. */
export function since(time: string | undefined, now: number): number {
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? 0 : now - at;
}

export const ageOf = (object: KubeObject, now: number): number => since(object.metadata.creationTimestamp, now);

/** How long what is new may take before waiting for it becomes a finding. */
export const startMillis = 120_000;

export const isNew = (object: KubeObject, now: number): boolean => ageOf(object, now) < startMillis;

export const byName = (a: KubeObject, b: KubeObject): number => (a.metadata.name < b.metadata.name ? -1 : 1);
