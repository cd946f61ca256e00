/**
 * What the operator may do, declared once for each kind, with the reason. The chart's roles are made from this list;
 * no wildcards, and of Secrets nothing but `create`. Owner references of ours never block deletion of their owner, so
 * no right on `webflows/finalizers` is needed where OwnerReferencesPermissionEnforcement is on.
 */
import type { Kind } from "../kernel/objects.ts";
import * as kinds from "./kinds.ts";

export const verbs = ["get", "list", "watch", "create", "update", "patch", "delete"] as const;
export type Verb = (typeof verbs)[number];

export interface Permission {
  kind: Kind;
  verbs: readonly Verb[];
  subresource?: string;
  /** Only objects of these names. */
  names?: readonly string[];
  why: string;
}

const read = ["get", "list", "watch"] as const;
/** What the cache does; nothing is read beside it but what we are about to write or delete. */
const watch = ["list", "watch"] as const;
/** Server-side apply of an object that is not there yet asks for create and patch. */
const apply = ["create", "patch"] as const;

const child = (kind: Kind): Permission => ({
  kind,
  verbs: [...read, ...apply, "delete"],
  why: "a child of a flow: applied, and pruned once no longer wanted",
});
/** It goes with its flow alone, by its owner reference. */
const lasting = (kind: Kind): Permission => ({
  kind,
  verbs: [...read, ...apply],
  why: "a child that every flow has: applied, never deleted",
});

const seen = (kind: Kind, why: string): Permission => ({ kind, verbs: watch, why });
const shown = (kind: Kind, why: string): Permission => ({ kind, verbs: read, why });

/** In all namespaces. */
export const clusterPermissions: readonly Permission[] = [
  seen(kinds.WebFlowKind, "what users ask for"),
  { kind: kinds.WebFlowKind, subresource: "status", verbs: ["patch"], why: "what was found out" },
  seen(kinds.WebFlowClassKind, "what the platform gives"),
  lasting(kinds.Deployment),
  child(kinds.StatefulSet),
  child(kinds.Service),
  lasting(kinds.ServiceAccount),
  child(kinds.Ingress),
  child(kinds.NetworkPolicy),
  lasting(kinds.HorizontalPodAutoscaler),
  child(kinds.PodDisruptionBudget),
  {
    kind: kinds.Job,
    verbs: [...watch, "create"],
    why: "one round of the database client's questions; its ttlSecondsAfterFinished removes it",
  },
  { kind: kinds.Secret, verbs: ["create"], why: "a database's credentials: made once, never read, changed or removed" },
  {
    kind: kinds.PersistentVolumeClaim,
    verbs: [...watch, "patch"],
    why: "to grow it, and to own it under retention Delete",
  },
  seen(kinds.ReplicaSet, "which pods belong to a Deployment of ours"),
  seen(kinds.Pod, "who serves, and how it fares"),
  seen(kinds.Node, "where it runs"),
  seen(kinds.EndpointSlice, "whom a Service leads to"),
  seen(kinds.IngressClass, "who is to answer for an Ingress"),
  { kind: kinds.Event, verbs: ["create"], why: "to tell of transitions" },
  { kind: kinds.TokenReview, verbs: ["create"], why: "to know who asks /flows" },
  { kind: kinds.SubjectAccessReview, verbs: ["create"], why: "to show each caller only what they may get" },
];

/** In the operator's own namespace. */
export const namespacePermissions: readonly Permission[] = [
  { kind: kinds.Lease, verbs: ["create"], why: "one leader (a create cannot be bound to a name)" },
  { kind: kinds.Lease, verbs: ["get", "update"], names: ["webflow-operator"], why: "one leader" },
  { kind: kinds.ConfigMap, verbs: ["create"], why: "the zones, where they are not there yet" },
  {
    kind: kinds.ConfigMap,
    verbs: [...read, "patch"],
    names: ["webflow-zones"],
    why: "the zones of the name server, listed and watched by that name alone",
  },
  {
    kind: kinds.Pod,
    verbs: ["patch"],
    why: "an annotation on the name server's pods makes the kubelet refresh their zones at once",
  },
];

/** Of users: what the aggregated roles give. */
export const viewPermissions: readonly Permission[] = [
  shown(kinds.WebFlowKind, "to see flows and their state"),
  shown(kinds.WebFlowClassKind, "to see what the platform gives"),
];

export const editPermissions: readonly Permission[] = [
  {
    kind: kinds.WebFlowKind,
    verbs: ["create", "update", "patch", "delete"],
    why: "to ask for flows, which is to run pods and to mount Secrets in the namespace",
  },
];

export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: Verb[];
}

/** Rules of a role; kinds of one group with the same verbs share a rule. */
export function rulesOf(permissions: readonly Permission[]): PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  for (const { kind, subresource, names, verbs: asked } of permissions) {
    const group = kind.apiVersion.includes("/") ? (kind.apiVersion.split("/")[0] ?? "") : "";
    const resource = subresource === undefined ? kind.plural : `${kind.plural}/${subresource}`;
    const sorted = verbs.filter((verb) => asked.includes(verb));
    const key = JSON.stringify([group, sorted, names ?? []]);
    const rule = rules.get(key);
    if (rule !== undefined) rule.resources = [...new Set([...rule.resources, resource])].sort();
    else {
      const named = names === undefined ? {} : { resourceNames: [...names] };
      rules.set(key, { apiGroups: [group], resources: [resource], ...named, verbs: sorted });
    }
  }
  return [...rules.values()];
}
