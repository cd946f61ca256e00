import { describe, expect, it } from "vitest";
import type { Kind, KubeObject } from "../kernel/objects.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Objects } from "./observe.ts";
import { wake } from "./wake.ts";

const object = (
  kind: Kind,
  name: string,
  more: Partial<KubeObject> = {},
  labels: Record<string, string> = {},
): KubeObject => ({
  apiVersion: kind.apiVersion,
  kind: kind.kind,
  ...more,
  metadata: {
    name,
    ...(kind.namespaced ? { namespace: "default" } : {}),
    labels,
    uid: `${kind.kind}-${name}`,
    generation: 1,
  },
});
const flow = (name: string, host: string, generation = 1) => {
  const made = object(kinds.WebFlowKind, name, { spec: { host } });
  made.metadata.generation = generation;
  return made;
};
const store = (...all: KubeObject[]): Objects => ({
  get: (kind, name, namespace) =>
    all.find((each) => each.kind === kind.kind && each.metadata.name === name && each.metadata.namespace === namespace),
  list: (kind, filter = {}) =>
    all.filter(
      (each) =>
        each.kind === kind.kind &&
        (filter.namespace === undefined || each.metadata.namespace === filter.namespace) &&
        Object.entries(filter.labels ?? {}).every(([key, value]) => each.metadata.labels?.[key] === value),
    ),
});
const look = (kind: Kind, now: KubeObject | undefined, before: KubeObject | undefined, objects: Objects) =>
  wake({ kind, now, before }, objects, "webflow-system");

describe("a change wakes", () => {
  const shop = flow("shop", "shop.example.test");
  const other = flow("other", "other.example.test");
  const rival = flow("rival", "shop.example.test");

  it("the flow that was edited and those that want the same host", () => {
    const woken = look(kinds.WebFlowKind, flow("shop", "shop.example.test", 2), shop, store(shop, other, rival));
    expect(woken).toEqual({ flows: ["default/shop", "default/rival"], zones: true, priority: "user" });
  });

  it("nobody when only our own status came back", () => {
    expect(look(kinds.WebFlowKind, { ...shop, status: {} }, shop, store(shop)).flows).toEqual([]);
  });

  it("the owner of a child, and of a pod by its label", () => {
    const child = object(kinds.Service, "shop", {}, { "webflow.dev/flow": "shop" });
    expect(look(kinds.Service, undefined, child, store(shop)).flows).toEqual(["default/shop"]);
    const pod = object(kinds.Pod, "stranger", {}, { "webflow.dev/db-client": "shop" });
    expect(look(kinds.Pod, pod, undefined, store(shop)).flows).toEqual(["default/shop"]);
    const both = object(kinds.Pod, "stranger", {}, { "webflow.dev/flow": "other", "webflow.dev/db-client": "shop" });
    expect(look(kinds.Pod, both, undefined, store(shop, other)).flows).toEqual(["default/other", "default/shop"]);
  });

  it("flows with pods on a node whose readiness moved, not those of a node that merely reports", () => {
    const node = (status: string, beat: string) =>
      object(kinds.Node, "n1", { status: { conditions: [{ type: "Ready", status, lastHeartbeatTime: beat }] } });
    const pod = object(
      kinds.Pod,
      "shop-1",
      { spec: { nodeName: "n1" } },
      { "webflow.dev/flow": "shop", "app.kubernetes.io/managed-by": "webflow" },
    );
    const objects = store(shop, other, pod);
    expect(look(kinds.Node, node("True", "2"), node("True", "1"), objects).flows).toEqual([]);
    expect(look(kinds.Node, node("False", "2"), node("True", "1"), objects).flows).toEqual(["default/shop"]);
  });

  it("only the flows whose record moved", () => {
    const zones = (address: string) =>
      object(kinds.ConfigMap, "webflow-zones", {
        data: { "db.example.test": `shop.example.test. 5 IN A ${address}\nother.example.test. 5 IN A 192.0.2.1\n` },
      });
    expect(look(kinds.ConfigMap, zones("192.0.2.2"), zones("192.0.2.1"), store(shop, other)).flows).toEqual([
      "default/shop",
    ]);
  });

  it("every flow of a namespace where a policy changed", () => {
    const policy = object(kinds.NetworkPolicy, "wider");
    expect(look(kinds.NetworkPolicy, policy, undefined, store(shop, other)).flows).toEqual([
      "default/shop",
      "default/other",
    ]);
  });

  it("every flow there is when a policy changed that may close in the operator's own prober", () => {
    const policy = object(kinds.NetworkPolicy, "closing");
    policy.metadata.namespace = "webflow-system";
    expect(look(kinds.NetworkPolicy, policy, undefined, store(shop, other)).flows).toHaveLength(2);
  });
});
