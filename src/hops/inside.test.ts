/** lb, vmgroup, process and database: each broken by itself, and who is blamed. */
import { describe, expect, it } from "vitest";
import { aDatabase, aFlow, ago } from "../../test/builders.ts";
import { aHealthyCluster, Cluster } from "../../test/cluster-builder.ts";
import { aNode, anObject, controlledBy } from "../../test/object-builder.ts";
import type { KubeObject } from "../kernel/objects.ts";
import { labelsFor } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Flow, HopName } from "../webflow/types.ts";
import { claimWanted, database } from "./database.ts";

const [podA, podB] = ["shop-7d4b9-a", "shop-7d4b9-b"];

const merged = (object: KubeObject, status: Record<string, unknown>): KubeObject => ({
  ...object,
  status: { ...(object.status as Record<string, unknown> | undefined), ...status },
});
const notReady = [
  { type: "PodScheduled", status: "True" },
  { type: "Ready", status: "False" },
];
const unready = (c: Cluster, pod: string, container: Record<string, unknown> = {}) =>
  c.change(kinds.Pod, pod, (object) =>
    merged(object, {
      conditions: notReady,
      containerStatuses: [{ name: "web", ready: false, state: { running: {} }, ...container }],
    }),
  );
const bothUnready = (c: Cluster, container: Record<string, unknown> = {}) => {
  for (const pod of [podA, podB]) unready(c, pod, container);
  return c.change(kinds.EndpointSlice, undefined, (slice) => ({ ...slice, endpoints: [] }));
};
const unplaced = (c: Cluster, pod: string, millis = 60_000) =>
  c.change(kinds.Pod, pod, (object) => {
    const message = "0/3 nodes are available: 3 Insufficient cpu.";
    const scheduled = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastTransitionTime: ago(millis),
    };
    return { ...object, spec: { containers: [] }, status: { phase: "Pending", conditions: [scheduled] } };
  });
const nodeDown = (c: Cluster, name: string) =>
  c.change(kinds.Node, name, (node) => merged(node, { conditions: [{ type: "Ready", status: "Unknown" }] }));
const deployment = (c: Cluster, refine: (object: KubeObject) => KubeObject) =>
  c.change(kinds.Deployment, "shop", refine);
const refusedPods = (c: Cluster, message: string) =>
  deployment(c, (object) =>
    merged(object, { conditions: [{ type: "ReplicaFailure", status: "True", reason: "FailedCreate", message }] }),
  );
const scaler = (c: Cluster, type: string, reason: string, age = 300_000) =>
  c.change(kinds.HorizontalPodAutoscaler, "shop", (object) =>
    merged(object, { conditions: [{ type, status: "False", reason, lastTransitionTime: ago(age) }] }),
  );
const looping = {
  state: { waiting: { reason: "CrashLoopBackOff" } },
  restartCount: 5,
  lastState: { terminated: { exitCode: 1, finishedAt: ago(10_000) } },
};
const noImage = { state: { waiting: { reason: "ErrImagePull", message: "not found" } } };
const databasePod = (c: Cluster, refine: (object: KubeObject) => KubeObject | undefined) =>
  c.change(kinds.Pod, "shop-db-0", refine);
const databaseDown = (c: Cluster, container: Record<string, unknown> = {}) =>
  databasePod(c, (pod) =>
    merged(pod, {
      conditions: notReady,
      containerStatuses: [{ name: "database", ready: false, state: { running: {} }, ...container }],
    }),
  );
const claim = (c: Cluster, refine: (object: KubeObject) => KubeObject | undefined) =>
  c.change(kinds.PersistentVolumeClaim, undefined, refine);

type Row = [string, (cluster: Cluster) => unknown, Partial<Record<HopName, string>>];

/** Each row: what happens, and all hops that are then not Healthy. */
const rows: Row[] = [
  [
    "one target is deaf",
    (c) => c.answerAll("lb/target/10.244.1.10", { outcome: "timeout" }),
    { lb: "Degraded/TimedOut" },
  ],
  ["every target is deaf", (c) => c.answerAll("lb", { outcome: "timeout" }), { lb: "Broken/TimedOut" }],
  [
    "every target is closed to us by a policy",
    (c) =>
      c.answerAll("lb", { outcome: "timeout" }).put(
        anObject(kinds.NetworkPolicy, "deny-all", {
          spec: { podSelector: { matchLabels: { "app.kubernetes.io/component": "web" } }, policyTypes: ["Ingress"] },
        }),
      ),
    { lb: "Unknown/ClosedToUs" },
  ],
  [
    "the Service selects others",
    (c) =>
      c.change(kinds.Service, "shop", (service) => ({
        ...service,
        spec: { ...(service.spec as object), selector: { app: "other" } },
      })),
    { lb: "Progressing/SelectorWrong" },
  ],
  [
    "the Service leads to another port",
    (c) =>
      c.change(kinds.Service, "shop", (service) => ({
        ...service,
        spec: { ...(service.spec as object), ports: [{ name: "http", port: 8080, targetPort: 9 }] },
      })),
    { lb: "Progressing/PortsWrong" },
  ],
  [
    "no endpoint is ready",
    (c) =>
      c.change(kinds.EndpointSlice, undefined, (slice) => ({
        ...slice,
        endpoints: [{ conditions: { ready: false } }],
      })),
    { lb: "Broken/NoReadyTarget" },
  ],
  ["one pod is not ready", (c) => unready(c, podA), {}],
  ["a pod crashes beside one that serves", (c) => unready(c, podA, looping), { process: "Degraded/CrashLoopBackOff" }],
  [
    "every pod crashes",
    (c) => bothUnready(c, looping),
    { lb: "Unknown/WaitsForProcess", process: "Broken/CrashLoopBackOff" },
  ],
  [
    "the image cannot be pulled",
    (c) => bothUnready(c, noImage),
    { lb: "Unknown/WaitsForProcess", process: "Broken/ImagePullBackOff" },
  ],
  [
    "no pod is ready and none says why",
    (c) => bothUnready(c),
    { lb: "Unknown/WaitsForProcess", process: "Broken/NotReady" },
  ],
  [
    "a pod has lately used too much memory",
    (c) =>
      c.change(kinds.Pod, podA, (pod) =>
        merged(pod, {
          containerStatuses: [
            {
              name: "web",
              ready: true,
              restartCount: 1,
              lastState: { terminated: { reason: "OOMKilled", finishedAt: ago(60_000) } },
            },
          ],
        }),
      ),
    { process: "Degraded/OOMKilled" },
  ],
  [
    "a roll-out is stuck",
    (c) =>
      deployment(c, (object) =>
        merged(object, { conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }] }),
      ),
    { process: "Degraded/ProgressDeadlineExceeded" },
  ],
  ["a roll-out moves", (c) => deployment(c, (object) => merged(object, { replicas: 3, updatedReplicas: 1 })), {}],
  [
    "the Deployment could not be written",
    (c) => c.failures.set("Deployment/shop", { reason: "Forbidden", message: "exceeded quota." }),
    { process: "Broken/Forbidden" },
  ],
  ["some pods cannot be placed", (c) => unplaced(c, podA), { vmgroup: "Degraded/Unschedulable" }],
  ["some pods cannot be placed yet", (c) => unplaced(c, podA, 5_000), {}],
  [
    "no pod can be placed",
    (c) => unplaced(unplaced(c, podA), podB).change(kinds.EndpointSlice, undefined, () => undefined),
    { lb: "Unknown/WaitsForVmgroup", vmgroup: "Broken/Unschedulable", process: "Unknown/NoPods" },
  ],
  [
    "the quota is used up",
    (c) =>
      refusedPods(
        c,
        'pods "shop-7d4b9-c" is forbidden: exceeded quota: team, requested: pods=1, used: pods=5, limited: pods=5',
      ),
    { vmgroup: "Degraded/FailedCreate" },
  ],
  ["one node is lost", (c) => unready(nodeDown(c, "worker-a"), podA), { vmgroup: "Degraded/NodeLost" }],
  [
    "all nodes are lost",
    (c) => bothUnready(nodeDown(nodeDown(c, "worker-a"), "worker-b")),
    { lb: "Unknown/WaitsForVmgroup", vmgroup: "Broken/NodesLost", process: "Unknown/WaitsForVmgroup" },
  ],
  [
    "the group is scaled to none",
    (c) =>
      deployment(c, (object) => ({ ...object, spec: { ...(object.spec as object), replicas: 0 } }))
        .delete(kinds.Pod, podA)
        .delete(kinds.Pod, podB)
        .delete(kinds.EndpointSlice),
    { lb: "Unknown/WaitsForVmgroup", vmgroup: "Broken/ScaledToZero", process: "Unknown/NoPods" },
  ],
  [
    "a pod stands outside its subnet",
    (c) => c.change(kinds.Pod, podA, (pod) => ({ ...pod, spec: { ...(pod.spec as object), nodeName: "worker-c" } })),
    { vmgroup: "Degraded/OutsideSubnet" },
  ],
  [
    "all pods stand in one zone",
    (c) => c.change(kinds.Pod, podB, (pod) => ({ ...pod, spec: { ...(pod.spec as object), nodeName: "worker-a" } })),
    { vmgroup: "Degraded/NotSpread" },
  ],
  [
    "the autoscaler has no metrics",
    (c) => scaler(c, "ScalingActive", "FailedGetResourceMetric"),
    { vmgroup: "Degraded/NoMetrics" },
  ],
  ["the autoscaler has no metrics yet", (c) => scaler(c, "ScalingActive", "FailedGetResourceMetric", 10_000), {}],
  [
    "the autoscaler cannot scale",
    (c) => scaler(c, "AbleToScale", "FailedGetScale"),
    { vmgroup: "Degraded/UnableToScale" },
  ],
  [
    "the database crashes, and the pods with it",
    (c) => bothUnready(databaseDown(c, looping), looping),
    { lb: "Unknown/WaitsForDatabase", process: "Unknown/WaitsForDatabase", database: "Broken/CrashLoopBackOff" },
  ],
  ["the database is not ready", (c) => databaseDown(c), { database: "Broken/NotReady" }],
  ["the database's image cannot be pulled", (c) => databaseDown(c, noImage), { database: "Broken/ImagePullBackOff" }],
  ["the database's pod is gone", (c) => databasePod(c, () => undefined), { database: "Broken/PodMissing" }],
  ["the database's pod cannot be placed", (c) => unplaced(c, "shop-db-0"), { database: "Broken/Unschedulable" }],
  ["the database's node is lost", (c) => databaseDown(nodeDown(c, "worker-c")), { database: "Broken/NodeLost" }],
  [
    "the database's pod is somebody else's",
    (c) =>
      databasePod(c, (pod) => ({
        ...pod,
        metadata: {
          ...pod.metadata,
          ownerReferences: controlledBy({ kind: "StatefulSet", name: "shop-db", uid: "other" }),
        },
      })),
    { database: "Broken/PodMissing" },
  ],
  [
    "the password is wrong",
    (c) => c.answerAll("database/control", { outcome: "auth" }),
    { database: "Broken/WrongPassword" },
  ],
  [
    "the engine answers with an error",
    (c) => c.answerAll("database/control", { outcome: "database" }),
    { database: "Broken/DatabaseError" },
  ],
  [
    "the credentials are gone",
    (c) => c.answerAll("database/secret", { outcome: "missing" }),
    { database: "Broken/CredentialsMissing" },
  ],
  ["the credentials may not be asked about", (c) => c.answerAll("database/secret", { outcome: "forbidden" }), {}],
  ["the volume is gone", (c) => claim(c, () => undefined), { database: "Broken/VolumeMissing" }],
  [
    "the volume is on its way out",
    (c) => claim(c, (object) => ({ ...object, metadata: { ...object.metadata, deletionTimestamp: ago(1_000) } })),
    { database: "Degraded/VolumeDeleting" },
  ],
  [
    "the volume is lost",
    (c) => claim(c, (object) => merged(object, { phase: "Lost" })),
    { database: "Broken/VolumeLost" },
  ],
  [
    "no StorageClass is the default",
    (c) => claim(c, (object) => ({ ...merged(object, { phase: "Pending" }), spec: {} })),
    { database: "Broken/StorageClassMissing" },
  ],
  [
    "the StorageClass gives no volume",
    (c) => claim(c, (object) => merged(object, { phase: "Pending" })),
    { database: "Broken/VolumePending" },
  ],
  [
    "the volume grows",
    (c) => claim(c, (object) => ({ ...object, spec: { resources: { requests: { storage: "500Mi" } } } })),
    {},
  ],
  [
    "the policy could not be written",
    (c) => c.failures.set("NetworkPolicy/shop-db", { reason: "Forbidden", message: "no." }),
    { database: "Broken/Forbidden" },
  ],
  [
    "the control could not be run",
    (c) => c.answerAll("database/control", { outcome: "vantage" }),
    { database: "Unknown/ControlFailed" },
  ],
];

const unwell = (cluster: Cluster) =>
  Object.fromEntries(Object.entries(cluster.verdicts).filter(([, found]) => !found.startsWith("Healthy")));

describe("inside", () => {
  it.each(rows)("%s", (_, happens, expected) => {
    const cluster = aHealthyCluster();
    happens(cluster);
    expect(unwell(cluster)).toEqual(expected);
  });
});

describe("what is new", () => {
  it("has not found its places yet", () => {
    const cluster = aHealthyCluster().change(kinds.Pod, podB, (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, creationTimestamp: ago(10_000) },
      spec: { ...(pod.spec as object), nodeName: "worker-a" },
    }));
    expect(cluster.verdicts.vmgroup).toBe("Healthy/Placed");
  });

  it("is on its way and not broken", () => {
    const cluster = aHealthyCluster();
    for (const kind of [kinds.Deployment, kinds.StatefulSet, kinds.Ingress, kinds.Pod]) {
      cluster.change(kind, undefined, (object) => ({
        ...object,
        metadata: { ...object.metadata, creationTimestamp: ago(10_000) },
      }));
    }
    bothUnready(databaseDown(cluster));
    expect(cluster.verdicts).toMatchObject({
      lb: "Progressing/NoReadyTarget",
      process: "Progressing/Starting",
      database: "Progressing/Starting",
    });
  });
});

describe("pods of others", () => {
  it("with our labels are neither asked nor counted", () => {
    const cluster = aHealthyCluster();
    const [mine] = cluster.seen.list(kinds.Pod).filter((pod) => pod.metadata.name === podA);
    const owners = [
      controlledBy({ kind: "ReplicaSet", name: "shop-7d4b9", uid: "forged" }),
      controlledBy({ kind: "ReplicaSet", name: "other", uid: "replicaset-other" }),
      [],
    ];
    owners.forEach((ownerReferences, index) => {
      const stranger = structuredClone(mine) as KubeObject;
      stranger.metadata = { ...stranger.metadata, name: `stranger-${index}`, ownerReferences };
      cluster.put(merged(stranger, { podIP: `192.0.2.${index}` }));
    });
    cluster.put(
      anObject(kinds.ReplicaSet, "other", {
        metadata: { ownerReferences: controlledBy({ kind: "Deployment", name: "shop", uid: "other" }) },
      }),
    );
    expect(JSON.stringify(cluster.questions())).not.toContain("192.0.2.");
  });
});

describe("messages", () => {
  it("carry no number of the scheduler's or the quota's, and no pod's name that moves", () => {
    const message = (happens: (c: Cluster) => unknown) => {
      const cluster = aHealthyCluster();
      happens(cluster);
      return cluster.fact("vmgroup", "placed")?.message;
    };
    expect(message((c) => unplaced(c, podA))).toBe(
      "Some pods of Deployment/shop cannot be placed, says the scheduler: Insufficient cpu.",
    );
    expect(message((c) => refusedPods(c, 'pods "shop-x" is forbidden: exceeded quota: team, used: pods=5'))).toBe(
      "Pods of Deployment/shop cannot be made: ResourceQuota/team is used up.",
    );
  });
});

describe("the group", () => {
  it("needs no metrics when it has one size, and no budget when it has one pod", () => {
    const cluster = aHealthyCluster(aFlow({ group: { ...aFlow().group, min: 1, max: 1 } }));
    scaler(cluster, "ScalingActive", "FailedGetResourceMetric");
    expect(cluster.fact("vmgroup", "autoscaler")?.state).toBe("NotApplicable");
    expect(cluster.seen.list(kinds.PodDisruptionBudget)).toEqual([]);
  });

  const onOneNode = (c: Cluster, ages: readonly number[]) => {
    [podA, podB].forEach((pod, index) => {
      c.change(kinds.Pod, pod, (object) => ({
        ...object,
        metadata: { ...object.metadata, creationTimestamp: ago(ages[index] ?? 0) },
        spec: { ...(object.spec as object), nodeName: "worker-a" },
      }));
    });
    return c;
  };

  it("says of its spread the same while it is spread, however young its pods are", () => {
    const cluster = aHealthyCluster();
    const settled = cluster.fact("vmgroup", "spread");
    expect(settled).toMatchObject({ state: "Healthy", reason: "Spread" });
    cluster.change(kinds.Pod, podB, (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, creationTimestamp: ago(1_000) },
    }));
    expect(cluster.fact("vmgroup", "spread")).toEqual(settled);
  });

  it("is not called badly spread while its pods come and go", () => {
    expect(onOneNode(aHealthyCluster(), [1_000, 3_600_000]).fact("vmgroup", "spread")?.reason).toBe("Spreading");
    expect(onOneNode(aHealthyCluster(), [61_000, 61_000]).verdicts.vmgroup).toBe("Degraded/NotSpread");
  });

  it("leaves its autoscaler's fact as it was while a look that failed is taken again", () => {
    const cluster = aHealthyCluster();
    const before = cluster.fact("vmgroup", "autoscaler");
    scaler(cluster, "ScalingActive", "FailedGetResourceMetric", 10_000);
    expect(cluster.fact("vmgroup", "autoscaler")).toEqual(before);
  });

  it("moves while pods are made or replaced, and stays what it was", () => {
    const rolling = (status: Record<string, unknown>, spec: object = {}) =>
      aHealthyCluster().change(kinds.Deployment, "shop", (object) => ({
        ...merged(object, status),
        spec: { ...(object.spec as object), ...spec },
      }));
    for (const cluster of [
      rolling({ updatedReplicas: 1 }),
      rolling({ observedGeneration: 0 }),
      rolling({}, { replicas: 4 }),
    ]) {
      expect(cluster.fact("process", "rollout")).toMatchObject({ state: "Progressing", reason: "RollingOut" });
      expect(cluster.verdicts.process).toBe("Healthy/Running");
    }
  });

  it("is not told to spread where there is but one place open", () => {
    const cluster = aHealthyCluster().change(kinds.Pod, podB, (pod) => ({
      ...pod,
      spec: { ...(pod.spec as object), nodeName: "worker-a" },
    }));
    cluster.change(kinds.Node, "worker-b", (node) => ({ ...node, spec: { unschedulable: true } }));
    cluster.put(aNode("worker-d", "private", "zone-d"));
    expect(cluster.verdicts.vmgroup).toBe("Healthy/Placed");
  });
});

describe("the load balancer", () => {
  it("asks the pods that are ready, and no others", () => {
    const cluster = unready(aHealthyCluster(), podA);
    const asked = cluster.questions().flatMap(({ key, hop }) => (hop === "lb" ? key : []));
    expect(asked).toEqual(["lb/target/10.244.2.10:8080"]);
  });

  it("asks for a connection where the process has no page of its health", () => {
    const { process } = aFlow();
    const cluster = aHealthyCluster(aFlow({ process: { ...process, health: undefined } }));
    expect(cluster.questions().find(({ hop }) => hop === "lb")?.ask).toEqual({
      type: "tcp",
      address: "10.244.1.10",
      port: 8080,
    });
  });
});

describe("whom the load balancer leads to", () => {
  const readyFor = (c: Cluster, millis: number) =>
    c.change(kinds.Pod, undefined, (pod) =>
      merged(pod, { conditions: [{ type: "Ready", status: "True", lastTransitionTime: ago(millis) }] }),
    );
  const endpoint = (address: string, name: string) => ({
    addresses: [address],
    conditions: { ready: true },
    targetRef: { kind: "Pod", name },
  });
  const [endpointA, endpointB] = [endpoint("10.244.1.10", podA), endpoint("10.244.2.10", podB)];
  const leadsTo = (c: Cluster, ...endpoints: unknown[]) =>
    c.change(kinds.EndpointSlice, undefined, (slice) => ({ ...slice, endpoints }));
  const byHand = (c: Cluster, address: string) => {
    const worn = { ...labelsFor(c.flow, "web"), "kubernetes.io/service-name": "shop" };
    const endpoints = [{ addresses: [address] }];
    return c.put(anObject(kinds.EndpointSlice, "by-hand", { metadata: { labels: worn }, endpoints }));
  };
  const stranger = (c: Cluster, age: number) =>
    c.put({
      ...anObject(kinds.Pod, "stranger", {
        metadata: { labels: labelsFor(c.flow, "web"), creationTimestamp: ago(age) },
      }),
      status: { podIP: "192.0.2.9" },
    });

  it.each<[string, (c: Cluster) => unknown, string]>([
    ["every pod of ours", (c) => readyFor(c, 60_000), "Healthy/TargetsReady"],
    ["not to one that is ready", (c) => leadsTo(readyFor(c, 16_000), endpointA), "Degraded/TargetMissing"],
    [
      "not yet to one that has just become ready",
      (c) => leadsTo(readyFor(c, 15_000), endpointA),
      "Healthy/TargetsReady",
    ],
    [
      "not to one whose endpoint is not ready",
      (c) => leadsTo(readyFor(c, 16_000), endpointA, { ...endpointB, conditions: { ready: false } }),
      "Degraded/TargetMissing",
    ],
    ["none of them, and a stranger", (c) => byHand(leadsTo(readyFor(c, 60_000)), "192.0.2.9"), "Broken/TargetMissing"],
    ["an address beside them", (c) => byHand(c, "192.0.2.9"), "Degraded/ForeignTarget"],
    ["one of them twice", (c) => byHand(c, "10.244.1.10"), "Healthy/TargetsReady"],
    [
      "a stranger that wears our labels",
      (c) => leadsTo(stranger(c, 60_000), endpointA, endpointB, endpoint("192.0.2.9", "stranger")),
      "Degraded/ForeignTarget",
    ],
    [
      "one whose ReplicaSet may not be in sight yet",
      (c) => leadsTo(stranger(c, 5_000), endpointA, endpointB, endpoint("192.0.2.9", "stranger")),
      "Healthy/TargetsReady",
    ],
    [
      "one that has just gone",
      (c) => leadsTo(c, endpointA, endpointB, endpoint("192.0.2.9", "shop-7d4b9-c")),
      "Healthy/TargetsReady",
    ],
    [
      "one that is on its way out",
      (c) =>
        c.change(kinds.Pod, podA, (pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: ago(1_000) } })),
      "Healthy/TargetsReady",
    ],
    [
      "a pod by the second of its addresses",
      (c) =>
        leadsTo(
          readyFor(c, 60_000).change(kinds.Pod, podB, (pod) => merged(pod, { podIPs: [{ ip: "fd00::2" }] })),
          endpointA,
          endpoint("fd00::2", podB),
        ),
      "Healthy/TargetsReady",
    ],
  ])("%s", (_, happens, expected) => {
    const cluster = aHealthyCluster();
    happens(cluster);
    const { state, reason } = cluster.fact("lb", "endpoints") ?? {};
    expect(`${state}/${reason}`).toBe(expected);
  });

  it("names the pods that get nothing", () => {
    const cluster = leadsTo(readyFor(aHealthyCluster(), 60_000), endpointA);
    expect(cluster.verdicts.lb).toBe("Degraded/TargetMissing");
    expect(cluster.fact("lb", "endpoints")?.refs).toContainEqual({ kind: "Pod", name: podB });
  });
});

describe("a policy on the web pods", () => {
  const everyPod = { podSelector: {}, policyTypes: ["Ingress"] };
  const our = { "kubernetes.io/metadata.name": "webflow-system" };
  const from = (peer: object) => ({ ...everyPod, ingress: [{ from: [peer] }] });
  const [closed, open] = ["Unknown/ClosedToUs", "Broken/TimedOut"];

  it.each<[string, object[], string]>([
    ["lets nobody in", [everyPod], closed],
    ["lets everybody in", [{ ...everyPod, ingress: [{}] }], open],
    ["lets everybody in at the port", [{ ...everyPod, ingress: [{ ports: [{ port: "http" }] }] }], open],
    ["lets everybody in at another port", [{ ...everyPod, ingress: [{ ports: [{ port: 9 }] }] }], closed],
    ["lets the operator's namespace in", [from({ namespaceSelector: { matchLabels: our } })], open],
    ["lets every namespace in", [from({ namespaceSelector: {} })], open],
    [
      "lets the operator's pods in",
      [
        from({
          namespaceSelector: { matchLabels: our },
          podSelector: { matchLabels: { "app.kubernetes.io/name": "webflow-operator" } },
        }),
      ],
      open,
    ],
    [
      "lets others of its namespace in",
      [from({ namespaceSelector: { matchLabels: our }, podSelector: { matchLabels: { a: "b" } } })],
      closed,
    ],
    ["lets its own namespace in", [from({ podSelector: {} })], closed],
    ["lets nobody in, beside one that lets everybody in", [everyPod, { ...everyPod, ingress: [{}] }], open],
  ])("that %s is blamed, or is not", (_, specs, expected) => {
    const policies = specs.map((spec, index) => anObject(kinds.NetworkPolicy, `policy-${index}`, { spec }));
    const cluster = aHealthyCluster()
      .put(...policies)
      .answerAll("lb", { outcome: "timeout" });
    expect(cluster.verdicts.lb).toBe(expected);
  });
});

describe("the database", () => {
  it("is written after its policy, its credentials and its account", () => {
    const wishes = database.desire?.(aFlow(), aHealthyCluster().seen) ?? [];
    const set = wishes.find(({ kind }) => kind === kinds.StatefulSet);
    expect(set?.after).toEqual(["NetworkPolicy/shop-db", "Secret/shop-db", "ServiceAccount/shop"]);
  });

  it("is not asked for its credentials before anything was made with them", () => {
    const cluster = claim(aHealthyCluster(), () => undefined);
    expect(cluster.questions().map(({ key }) => key)).not.toContain("database/secret");
  });
});

describe("the database's credentials", () => {
  it("come back by the Secret, or by a WebFlow that begins anew: a pod that is deleted brings nothing back", () => {
    const cluster = aHealthyCluster().answerAll("database/secret", { outcome: "missing" });
    const { message = "" } = cluster.fact("database", "credentials") ?? {};
    expect(message).toContain("put it back under the same name with the keys username, password,");
    expect(message).toContain("delete the WebFlow, then PersistentVolumeClaim/data-shop-db-0, and apply the WebFlow");
    expect(message).not.toContain("Pod/");
  });
});

describe("the database's volume", () => {
  it("keeps the size in the template that it was made with, and grows by its claim", () => {
    const { seen } = aHealthyCluster();
    const flow = aFlow({ database: { ...aDatabase, storage: "5Gi", retention: "Delete" } });
    const [set] = database.desire?.(flow, seen).filter(({ kind }) => kind === kinds.StatefulSet) ?? [];
    expect(JSON.stringify(set?.object)).toContain('"storage":"1Gi"');
    expect(claimWanted(flow)).toEqual({ name: "data-shop-db-0", storage: "5Gi", owned: true });
    const facts = database.judge(flow, seen);
    expect(facts.find(({ name }) => name === "growth")).toMatchObject({ reason: "StorageGrowing", required: false });
  });
});

describe("the template of the database's volume", () => {
  const templateOf = (flow: Flow, cluster: Cluster) => {
    const [set] = database.desire?.(flow, cluster.seen).filter(({ kind }) => kind === kinds.StatefulSet) ?? [];
    return (set?.object.spec as { volumeClaimTemplates: unknown[] } | undefined)?.volumeClaimTemplates;
  };
  const older = {
    metadata: { name: "data", labels: { app: "shop" }, annotations: { "webflow.dev/credentials": "shop-db" } },
    spec: { accessModes: ["ReadWriteOncePod"], resources: { requests: { storage: "1Gi" } }, storageClassName: "slow" },
  };
  const live = { ...older, spec: { ...older.spec, volumeMode: "Filesystem" }, status: { phase: "Pending" } };
  const asMade = (template: unknown) =>
    aHealthyCluster().change(kinds.StatefulSet, undefined, (set) => ({
      ...set,
      spec: { ...(set.spec as object), volumeClaimTemplates: [template] },
    }));
  const changed = aFlow({ database: { ...aDatabase, version: "16", storage: "5Gi", storageClassName: "fast" } });

  it("stays word for word as it was made, without what the server added, whatever the spec says now", () => {
    expect(templateOf(changed, asMade(live))).toEqual([older]);
  });

  it("is given nothing that it was made without", () => {
    const bare = { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } };
    expect(templateOf(changed, asMade(bare))).toEqual([bare]);
  });

  it("notes the engine when it is new, or when the one that stands is not ours", () => {
    const foreign = asMade(live).change(kinds.StatefulSet, undefined, (set) => ({
      ...set,
      metadata: { ...set.metadata, ownerReferences: [] },
    }));
    const note = [{ metadata: { annotations: { "webflow.dev/engine": "Postgres/16" } } }];
    const size = [{ spec: { resources: { requests: { storage: "5Gi" } }, storageClassName: "fast" } }];
    for (const cluster of [foreign, new Cluster(changed)]) {
      expect(templateOf(changed, cluster)).toMatchObject(note);
      expect(templateOf(changed, cluster)).toMatchObject(size);
    }
  });
});
