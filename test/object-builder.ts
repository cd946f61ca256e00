/** Objects of the API server for tests, as it would send them. */
import type { Kind, KubeObject } from "../src/kernel/objects.ts";
import * as kinds from "../src/webflow/kinds.ts";
import { ago, hour } from "./builders.ts";

export type Changed = Partial<Omit<KubeObject, "metadata">> & { metadata?: Partial<KubeObject["metadata"]> };

export function anObject(kind: Kind, name: string, changed: Changed = {}): KubeObject {
  const { metadata, ...rest } = changed;
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: {
      name,
      ...(kind.namespaced ? { namespace: "default" } : {}),
      uid: `${kind.kind.toLowerCase()}-${name}`,
      generation: 1,
      creationTimestamp: ago(hour),
      ...metadata,
    },
    ...rest,
  };
}

export const controlledBy = (owner: { apiVersion?: string; kind: string; name: string; uid: string }) => [
  { apiVersion: "v1", controller: true, ...owner },
];

/** A Node of a subnet, ready. */
export const aNode = (name: string, subnet: string, zone: string): KubeObject =>
  anObject(kinds.Node, name, {
    metadata: {
      labels: { "kubernetes.io/hostname": name, "webflow.dev/subnet": subnet, "topology.kubernetes.io/zone": zone },
    },
    spec:
      subnet === "private" ? { taints: [{ key: "webflow.dev/subnet", value: "private", effect: "NoSchedule" }] } : {},
    status: { conditions: [{ type: "Ready", status: "True" }] },
  });

interface PodShape {
  name: string;
  node: string;
  address: string;
  container: string;
  image: string;
  owner: { kind: string; name: string; uid: string };
  labels: Record<string, string>;
}

/** A Pod that runs and is ready. */
export function aPod({ name, node, address, container, image, owner, labels: worn }: PodShape): KubeObject {
  return anObject(kinds.Pod, name, {
    metadata: { labels: worn, ownerReferences: controlledBy(owner) },
    spec: { nodeName: node, containers: [{ name: container, image }] },
    status: {
      phase: "Running",
      podIP: address,
      startTime: ago(hour),
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: "True" },
      ],
      containerStatuses: [
        { name: container, image, ready: true, restartCount: 0, state: { running: { startedAt: ago(hour) } } },
      ],
    },
  });
}
