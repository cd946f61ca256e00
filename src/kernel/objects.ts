/** Kubernetes objects as the API server sends them: raw JSON, so that no field that we do not know is ever lost. */

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface Metadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  [field: string]: unknown;
}

/** What is needed to speak of a kind to the API server. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export function pathOf(kind: Kind, namespace?: string, name?: string): string {
  const root = kind.apiVersion.includes("/") ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${kind.plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
}

/** `namespace/name`, or `name` for what belongs to the cluster. */
export function keyOf(object: { metadata: { namespace?: string; name: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** What a kind is known by within the kernel; two kinds of the same name in different groups differ. */
export function kindKey(kind: Kind): string {
  return `${kind.apiVersion}/${kind.plural}`;
}

/** `Deployment default/shop`, for messages. */
export function nameOf(object: KubeObject): string {
  return `${object.kind} ${keyOf(object)}`;
}

const integer = /^[0-9]+$/;

/**
 * Which of two resource versions of the same kind is newer: negative, zero or positive, as integers of any size.
 * undefined where they are not integers and so cannot be told.
 */
export function compareVersions(a: string | undefined, b: string | undefined): number | undefined {
  if (a === undefined || b === undefined || !integer.test(a) || !integer.test(b)) return undefined;
  if (a.length !== b.length && !a.startsWith("0") && !b.startsWith("0")) return a.length - b.length;
  const difference = BigInt(a) - BigInt(b);
  return difference === 0n ? 0 : difference > 0n ? 1 : -1;
}
