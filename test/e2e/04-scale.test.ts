// Claim 4: under load the group grows on both public nodes, and the path stays Ready all the while.

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { KubeObject } from "../../src/kernel/objects.ts";
import { eventually, kube, list, load, long, need, shop, shopUrl, watchReady, writesSince } from "./cluster.ts";

interface Pod extends KubeObject {
  spec: { nodeName?: string };
  status: { conditions?: { type: string; status: string }[] };
}

interface ManagedFields {
  manager: string;
  subresource?: string;
  fieldsV1?: { "f:spec"?: Record<string, unknown> };
}

const minutes = 60_000;

async function readyPods(): Promise<Pod[]> {
  const pods = await list<Pod>(
    "-n",
    shop.namespace,
    "pods",
    "-l",
    `webflow.dev/flow=${shop.name},app.kubernetes.io/component=web`,
  );
  return pods.filter((pod) => pod.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True"));
}

const isFewest = async () => (await readyPods()).length === 2;

test("the HPA adds pods on both public nodes, the load balancer uses them, and Ready stays True", {
  timeout: (long ? 25 : 10) * minutes,
}, async () => {
  await eventually("the group is at its smallest before the load", 400, isFewest);
  const before = new Set((await readyPods()).map((pod) => pod.metadata.name));
  const since = new Date();
  const ready = watchReady(shop);
  try {
    const seconds = long ? 180 : 90;
    const [report, added] = await Promise.all([
      load(`${shopUrl}/?work=25`, 25, seconds),
      eventually("pods are added on both public nodes", seconds, async () => {
        const added = (await readyPods()).filter((pod) => !before.has(pod.metadata.name));
        return new Set(added.map((pod) => pod.spec.nodeName)).size === 2 ? added : undefined;
      }),
    ]);
    expect(report.failed, JSON.stringify(report.causes)).toBe(0);
    const served = Object.keys(report.pods);
    expect(served.length).toBeGreaterThan(2);
    expect(
      added.some((pod) => served.includes(pod.metadata.name)),
      `${served.join()} served`,
    ).toBe(true);
    expect(Object.keys(report.nodes)).toHaveLength(2);
    if (long) await eventually("the group shrinks again", 600, isFewest);
    await sleep(3000);
  } finally {
    expect([...new Set(ready.stop())]).toEqual(["True"]);
  }
  const scalers = writesSince(since)
    .filter(
      ({ objectRef }) =>
        objectRef?.resource === "deployments" && objectRef.subresource === "scale" && objectRef.name === shop.name,
    )
    .map((event) => event.user.username);
  expect([...new Set(scalers)]).toEqual(["system:serviceaccount:kube-system:horizontal-pod-autoscaler"]);
});

test("one writer owns spec.replicas", async () => {
  const text = await kube([
    "-n",
    shop.namespace,
    "get",
    "deployment",
    shop.name,
    "-o",
    "json",
    "--show-managed-fields",
  ]);
  const { metadata } = JSON.parse(text) as { metadata: { managedFields: ManagedFields[] } };
  const owners = metadata.managedFields.filter(
    ({ fieldsV1 }) => fieldsV1?.["f:spec"] && "f:replicas" in fieldsV1["f:spec"],
  );
  expect(owners.map(({ subresource }) => subresource).filter((each) => each !== "scale")).toEqual([]);
  expect(owners.length).toBeLessThanOrEqual(1);
  const hpa = await need("-n", shop.namespace, "horizontalpodautoscaler", shop.name);
  expect(hpa.spec).toMatchObject({ minReplicas: 2, maxReplicas: 4 });
});
