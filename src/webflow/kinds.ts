/** Every kind that the operator reads or writes, named once. RBAC is declared beside each kind in rbac.ts. */
import type { Kind } from "../kernel/objects.ts";

const kind = (apiVersion: string, kind: string, plural: string, namespaced = true): Kind => ({
  apiVersion,
  kind,
  plural,
  namespaced,
});

export const WebFlowKind = kind("webflow.dev/v1alpha1", "WebFlow", "webflows");
export const WebFlowClassKind = kind("webflow.dev/v1alpha1", "WebFlowClass", "webflowclasses", false);
export const Deployment = kind("apps/v1", "Deployment", "deployments");
/** Between a Deployment and its pods: read, so that a pod is known as ours. */
export const ReplicaSet = kind("apps/v1", "ReplicaSet", "replicasets");
export const StatefulSet = kind("apps/v1", "StatefulSet", "statefulsets");
export const Service = kind("v1", "Service", "services");
export const ServiceAccount = kind("v1", "ServiceAccount", "serviceaccounts");
export const Secret = kind("v1", "Secret", "secrets");
export const ConfigMap = kind("v1", "ConfigMap", "configmaps");
export const Pod = kind("v1", "Pod", "pods");
export const Node = kind("v1", "Node", "nodes", false);
export const PersistentVolumeClaim = kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims");
export const EndpointSlice = kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices");
export const Ingress = kind("networking.k8s.io/v1", "Ingress", "ingresses");
export const IngressClass = kind("networking.k8s.io/v1", "IngressClass", "ingressclasses", false);
export const NetworkPolicy = kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies");
export const HorizontalPodAutoscaler = kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers");
export const PodDisruptionBudget = kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets");
export const Job = kind("batch/v1", "Job", "jobs");
export const Event = kind("events.k8s.io/v1", "Event", "events");
export const Lease = kind("coordination.k8s.io/v1", "Lease", "leases");
export const TokenReview = kind("authentication.k8s.io/v1", "TokenReview", "tokenreviews", false);
export const SubjectAccessReview = kind(
  "authorization.k8s.io/v1",
  "SubjectAccessReview",
  "subjectaccessreviews",
  false,
);
