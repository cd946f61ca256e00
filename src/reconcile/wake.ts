/**
 * A changed object -> the flows to look at again. Names only: what changed is read anew by the turn. Pure over the
 * caches it is handed.
 */
import { controllerOf, type Kind, type KubeObject, keyOf } from "../kernel/objects.ts";
import { labels, manager } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { WebFlow } from "../webflow/types.ts";
import { parseRecords } from "../webflow/zone.ts";
import type { Objects } from "./observe.ts";

export interface Change {
  kind: Kind;
  now?: KubeObject | undefined;
  before?: KubeObject | undefined;
}

export interface Wake {
  /** Keys `namespace/name` of flows. */
  flows: string[];
  /** Whether the zones may have changed. */
  zones: boolean;
  /** user: somebody edited a WebFlow; drift: something else moved. */
  priority: "user" | "drift";
}

export function wake(change: Change, objects: Objects, operatorNamespace: string): Wake {
  const object = change.now ?? change.before;
  if (object === undefined) return { flows: [], zones: false, priority: "drift" };
  if (change.kind === kinds.WebFlowKind) return webFlowChanged(change, objects);
  const zones = touchesZones(change.kind, object, operatorNamespace);
  return { flows: flowsOf(change, object, { objects, operatorNamespace }), zones, priority: "drift" };
}

function webFlowChanged({ now, before }: Change, objects: Objects): Wake {
  const object = now ?? before;
  const own = object === undefined ? [] : [keyOf(object)];
  const specMoved =
    now?.metadata.generation !== before?.metadata.generation || now?.metadata.uid !== before?.metadata.uid;
  if (!specMoved) {
    // Our own status writes come back here: nothing to do again, unless the object is on its way out.
    const leaving = now?.metadata.deletionTimestamp !== before?.metadata.deletionTimestamp;
    return { flows: leaving ? own : [], zones: leaving, priority: "user" };
  }
  const hosts = new Set([...hostsOf(now), ...hostsOf(before)]);
  const rivals = objects.list(kinds.WebFlowKind).filter((other) => hostsOf(other).some((host) => hosts.has(host)));
  return { flows: [...new Set([...own, ...rivals.map(keyOf)])], zones: true, priority: "user" };
}

function hostsOf(object: KubeObject | undefined): string[] {
  if (object === undefined) return [];
  const { spec } = object as WebFlow;
  return [spec.host, ...(spec.aliases ?? [])];
}

interface Around {
  objects: Objects;
  operatorNamespace: string;
}

function flowsOf(change: Change, object: KubeObject, { objects, operatorNamespace }: Around): string[] {
  switch (change.kind) {
    case kinds.WebFlowClassKind:
    case kinds.IngressClass:
      return objects.list(kinds.WebFlowKind).map(keyOf);
    case kinds.Node:
      return nodeMoved(change) ? flowsOn(object.metadata.name, objects) : [];
    case kinds.ConfigMap:
      return recordsMoved(change, objects);
    case kinds.NetworkPolicy:
      return flowsUnder(object, objects, operatorNamespace);
    default:
      return ownFlows(object, objects);
  }
}

/** A policy on the operator's own pods may close in the forbidden prober, on whom every isolation rests. */
function flowsUnder({ metadata }: KubeObject, objects: Objects, operatorNamespace: string): string[] {
  const everywhere = metadata.namespace === operatorNamespace;
  return objects.list(kinds.WebFlowKind, everywhere ? {} : { namespace: metadata.namespace ?? "" }).map(keyOf);
}

/** The flow that it belongs to, and the one whose database it may speak to. */
function ownFlows(object: KubeObject, objects: Objects): string[] {
  const owner = controllerOf(object);
  const { namespace = "", labels: worn = {} } = object.metadata;
  const own = owner?.kind === kinds.WebFlowKind.kind ? owner.name : worn[labels.flow];
  const named = new Set([own, worn[labels.databaseClient]]);
  return [...named].flatMap((name) =>
    name !== undefined && objects.get(kinds.WebFlowKind, name, namespace) !== undefined ? [`${namespace}/${name}`] : [],
  );
}

/** Nodes report themselves all the time; only what a verdict could rest on counts. */
function nodeMoved({ now, before }: Change): boolean {
  const essence = (node: KubeObject | undefined) => {
    const status = node?.status as { conditions?: { type: string; status: string }[] } | undefined;
    const ready = status?.conditions?.find((condition) => condition.type === "Ready")?.status;
    return JSON.stringify([node?.metadata.uid, ready, node?.spec, node?.metadata.labels]);
  };
  return essence(now) !== essence(before);
}

function flowsOn(node: string, objects: Objects): string[] {
  const pods = objects.list(kinds.Pod, { labels: { [labels.managedBy]: manager } });
  const here = pods.filter((pod) => (pod.spec as { nodeName?: string } | undefined)?.nodeName === node);
  return [...new Set(here.flatMap((pod) => ownFlows(pod, objects)))];
}

function recordsMoved({ now, before }: Change, objects: Objects): string[] {
  const read = (map: KubeObject | undefined) => parseRecords((map?.data as Record<string, string> | undefined) ?? {});
  const [fresh, old] = [read(now), read(before)];
  const moved = new Set(
    [...fresh.keys(), ...old.keys()].filter((host) => String(fresh.get(host)) !== String(old.get(host))),
  );
  return objects
    .list(kinds.WebFlowKind)
    .filter((flow) => hostsOf(flow).some((host) => moved.has(host)))
    .map(keyOf);
}

function touchesZones(kind: Kind, object: KubeObject, operatorNamespace: string): boolean {
  if (kind === kinds.WebFlowClassKind || kind === kinds.Ingress) return true;
  const ours = object.metadata.namespace === operatorNamespace;
  return ours && (kind === kinds.Pod || kind === kinds.Service || kind === kinds.ConfigMap);
}
