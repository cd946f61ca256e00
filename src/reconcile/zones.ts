/**
 * The zones of the delegated name server, computed from all live flows at once, so that a record goes with its flow.
 * Runs on one key of its own, debounced; prunes only when every cache is synced, because the zones are written whole.
 */
import type { KubeObject } from "../kernel/objects.ts";
import { labels, manager, names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow, WebFlow } from "../webflow/types.ts";
import { recordsIn, type ZoneRecord, type ZoneServer, zoneData, zoneOf, zonesIn } from "../webflow/zone.ts";
import type { Objects } from "./observe.ts";

export const zonesAnnotation = "webflow.dev/zones";

export interface ZonesWorld {
  readonly objects: Objects;
  readonly namespace: string;
  readonly configMap: string;
  now(): number;
  complete(raw: WebFlow): Flow;
  /** Zones of all classes whose names we carry. */
  zones(): readonly string[];
  applyZones(object: KubeObject): Promise<void>;
  /** A changed annotation makes the kubelet refresh the pod's volumes at once, instead of within a minute. */
  nudge(pod: KubeObject, annotation: string, value: string): Promise<void>;
  hash(text: string): string;
}

export async function reconcileZones(world: ZonesWorld): Promise<void> {
  const current = world.objects.get(kinds.ConfigMap, world.configMap, world.namespace);
  const previous = (current?.data as Record<string, string> | undefined) ?? {};
  const flows = flowsOf(world);
  const kept = keptRecords(flows, previous);
  const zones = [...new Set([...world.zones(), ...kept.flatMap(({ host }) => zoneOf(host, zonesIn(previous)) ?? [])])];
  const records = new Map([...kept, ...recordsOf(world, flows, zones)].map((record) => [record.host, record]));
  const data = zoneData(zones, [...records.values()], { server: serverOf(world), previous, now: world.now() });
  if (current === undefined || !sameData(previous, data)) await world.applyZones(configMap(world, data));
  const value = world.hash(JSON.stringify(Object.entries(data)));
  const stale = dnsPods(world).filter((pod) => pod.metadata.annotations?.[zonesAnnotation] !== value);
  await Promise.all(stale.map((pod) => world.nudge(pod, zonesAnnotation, value)));
}

/** Pods of our name server, oldest first. */
export function dnsPods(world: Pick<ZonesWorld, "objects" | "namespace">): readonly KubeObject[] {
  const pods = world.objects.list(kinds.Pod, { namespace: world.namespace, labels: { [labels.name]: "webflow-dns" } });
  return pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
}

/** Live flows made complete, oldest first. */
function flowsOf(world: ZonesWorld): Flow[] {
  const flows = world.objects.list(kinds.WebFlowKind) as readonly WebFlow[];
  const live = flows.filter((raw) => raw.metadata.deletionTimestamp === undefined);
  return live.sort(oldestFirst).map((raw) => world.complete(raw));
}

const lacksClass = ({ faults }: Flow) =>
  faults.some(({ reason }) => reason === "ClassNotFound" || reason === "TwoDefaultClasses");

/** A running service keeps its names as they are while nobody knows which class it follows. */
function keptRecords(flows: readonly Flow[], previous: Readonly<Record<string, string>>): ZoneRecord[] {
  const before = recordsIn(previous);
  const classless = flows.filter((flow) => flow.lostTo === undefined && lacksClass(flow));
  return classless.flatMap(({ hosts }) => hosts.flatMap((host) => before.get(host) ?? []));
}

function recordsOf(world: ZonesWorld, flows: readonly Flow[], zones: readonly string[]): ZoneRecord[] {
  const records = new Map<string, ZoneRecord>();
  for (const flow of flows) {
    if (flow.lostTo !== undefined || flow.class.dns !== "Delegated") continue;
    const targets = targetsOf(world.objects.get(kinds.Ingress, names.web(flow), flow.namespace));
    for (const host of flow.hosts) {
      const zone = zoneOf(host, flow.class.zones);
      const taken = records.has(host) || targets.length === 0 || zone === undefined || !zones.includes(zone);
      if (!taken) records.set(host, { host, targets, ttlSeconds: flow.class.ttlSeconds });
    }
  }
  return [...records.values()];
}

function oldestFirst(a: WebFlow, b: WebFlow): number {
  const key = (flow: WebFlow) =>
    `${flow.metadata.creationTimestamp ?? ""} ${flow.metadata.namespace}/${flow.metadata.name}`;
  return key(a) < key(b) ? -1 : 1;
}

/** Addresses if there are any, else one host name: a name cannot be an alias and have addresses (RFC 1034, 3.6.2). */
function targetsOf(ingress: KubeObject | undefined): string[] {
  const status = ingress?.status as { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } } | undefined;
  const entries = status?.loadBalancer?.ingress ?? [];
  const addresses = entries.flatMap((entry) => entry.ip ?? []);
  if (addresses.length > 0) return addresses.sort();
  return entries.flatMap((entry) => entry.hostname ?? []).slice(0, 1);
}

/** Where clients reach our name servers: a load balancer's address or name, else inside the cluster alone. */
function serverOf(world: ZonesWorld): ZoneServer {
  const service = world.objects.get(kinds.Service, "webflow-dns", world.namespace);
  const status = service?.status as { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } } | undefined;
  const spec = service?.spec as { clusterIPs?: string[] } | undefined;
  const outside = status?.loadBalancer?.ingress ?? [];
  const addresses = outside.flatMap((entry) => entry.ip ?? []);
  if (addresses.length > 0) return { addresses };
  const name = outside.flatMap((entry) => entry.hostname ?? [])[0];
  if (name !== undefined) return { addresses: [], name };
  return { addresses: (spec?.clusterIPs ?? []).filter((address) => address !== "None") };
}

function configMap(world: ZonesWorld, data: Record<string, string>): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: world.configMap,
      namespace: world.namespace,
      labels: { [labels.managedBy]: manager, [labels.name]: "webflow-dns" },
    },
    // The server keeps no empty map: it would look like a difference for ever.
    ...(Object.keys(data).length === 0 ? {} : { data }),
  };
}

function sameData(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => a[key] === b[key]);
}
