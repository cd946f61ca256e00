import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isKind } from "../../src/kernel/errors.ts";
import type { Kind, KubeObject } from "../../src/kernel/objects.ts";
import * as kinds from "../../src/webflow/kinds.ts";
import type { WebFlow } from "../../src/webflow/types.ts";
import { eventually, find, type Stage, setStage } from "./operator-process.ts";

const shop = (namespace = "default", name = "shop"): KubeObject => ({
  apiVersion: "webflow.dev/v1alpha1",
  kind: "WebFlow",
  metadata: { name, namespace },
  spec: {
    host: "shop.example.test",
    process: { image: "shop:0.1.0", ports: [{ name: "http", port: 8080 }], health: { path: "/healthz" } },
    database: { engine: "Postgres", storage: "1024Mi" },
  },
});

const children: [Kind, string][] = [
  [kinds.ServiceAccount, "shop"],
  [kinds.Deployment, "shop"],
  [kinds.Service, "shop"],
  [kinds.Ingress, "shop"],
  [kinds.HorizontalPodAutoscaler, "shop"],
  [kinds.PodDisruptionBudget, "shop"],
  [kinds.NetworkPolicy, "shop-db"],
  [kinds.Service, "shop-db"],
  [kinds.StatefulSet, "shop-db"],
];
const table = children.map(([kind, name]) => ({ kind, name, title: `${kind.kind}/${name}` }));
const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000));

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
  await stage.startOperator();
});
afterAll(async () => {
  await stage?.end();
});

async function there(kind: Kind, name: string, namespace = "default"): Promise<KubeObject> {
  const found = await find(stage.client, kind, name, namespace);
  if (found === undefined || found.metadata.deletionTimestamp !== undefined)
    throw new Error(`${kind.kind}/${name} is not there`);
  return found;
}

/** Deletes it whatever its controllers are writing to it just now; returns the uid that it had. */
async function remove(kind: Kind, name: string, namespace = "default"): Promise<string> {
  for (;;) {
    const { uid = "", resourceVersion = "" } = (await there(kind, name, namespace)).metadata;
    try {
      await stage.client.delete(kind, { name, namespace, uid, resourceVersion });
      return uid;
    } catch (error) {
      if (!isKind(error, "conflict")) throw error;
    }
  }
}

const flow = async (namespace = "default", name = "shop") =>
  (await there(kinds.WebFlowKind, name, namespace)) as WebFlow;
const hop = async (name: string, namespace = "default", flowName = "shop") =>
  (await flow(namespace, flowName)).status?.hops?.find((each) => each.hop === name);

describe("one WebFlow on a real API server", () => {
  it("becomes its children, the policy before the database", async () => {
    await stage.client.create(kinds.WebFlowKind, shop());
    for (const [kind, name] of children) await eventually(() => there(kind, name));
    expect(await there(kinds.Secret, "shop-db")).toBeDefined();
    const order = stage.writes(0).map((line) => `${line.verb} ${line.objectRef?.resource}`);
    expect(order.indexOf("patch networkpolicies")).toBeGreaterThanOrEqual(0);
    expect(order.indexOf("patch networkpolicies")).toBeLessThan(order.indexOf("patch statefulsets"));
    expect(order.indexOf("create secrets")).toBeLessThan(order.indexOf("patch statefulsets"));
  });

  it("owns them by an owner reference that blocks nothing, and leaves the Secret without one", async () => {
    const uid = (await flow()).metadata.uid;
    for (const [kind, name] of children) {
      const { ownerReferences } = (await there(kind, name)).metadata;
      expect(ownerReferences).toEqual([
        { apiVersion: "webflow.dev/v1alpha1", kind: "WebFlow", name: "shop", uid, controller: true },
      ]);
    }
    expect((await there(kinds.Secret, "shop-db")).metadata.ownerReferences).toBeUndefined();
  });

  it("costs one write for each child and few for the status, then none", async () => {
    await seconds(6);
    const before = stage.writes(0).filter((line) => line.objectRef?.resource !== "events");
    expect(before.filter((line) => line.objectRef?.resource !== "webflows")).toHaveLength(children.length + 2);
    const quiet = Date.now();
    await seconds(8);
    expect(stage.writes(quiet)).toEqual([]);
  });

  it("leaves spec.replicas to the autoscaler", async () => {
    const { name, namespace = "default" } = (await there(kinds.Deployment, "shop")).metadata;
    await stage.client.patch(kinds.Deployment, { name, namespace }, { spec: { replicas: 3 } }, { type: "merge" });
    await seconds(2);
    const deployment = await there(kinds.Deployment, "shop");
    expect((deployment.spec as { replicas: number }).replicas).toBe(3);
    const managers = (deployment.metadata as unknown as { managedFields: { manager: string; fieldsV1: object }[] })
      .managedFields;
    const ours = managers.filter(({ manager }) => manager === "webflow-controller");
    expect(JSON.stringify(ours)).not.toContain("f:replicas");
  });
});

describe("a child that is", () => {
  it.each(table)("deleted is back within a second: $title", async ({ kind, name }) => {
    const uid = await remove(kind, name);
    const start = performance.now();
    await eventually(async () => expect((await there(kind, name)).metadata.uid).not.toBe(uid), 5_000);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it("edited is put right within a second, and what others added to it stays", async () => {
    const wider = { metadata: { annotations: { "example.com/note": "theirs" } }, spec: { ingress: [{}] } };
    await stage.client.patch(kinds.NetworkPolicy, { name: "shop-db", namespace: "default" }, wider, { type: "merge" });
    const start = performance.now();
    await eventually(async () => {
      const policy = await there(kinds.NetworkPolicy, "shop-db");
      expect((policy.spec as { ingress: { from?: unknown[] }[] }).ingress[0]?.from).toHaveLength(1);
      expect(policy.metadata.annotations?.["example.com/note"]).toBe("theirs");
    }, 5_000);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it("stripped of its labels is not lost from sight", async () => {
    const bare = { metadata: { labels: { "app.kubernetes.io/managed-by": null, "webflow.dev/flow": null } } };
    const before = await there(kinds.Service, "shop");
    await stage.client.patch(kinds.Service, { name: "shop", namespace: "default" }, bare, { type: "merge" });
    await eventually(async () => {
      const service = await there(kinds.Service, "shop");
      expect(service.metadata.labels?.["app.kubernetes.io/managed-by"]).toBe("webflow");
      expect(service.metadata.uid).toBe(before.metadata.uid);
    });
  });
});

describe("a child whose owner reference was taken off", () => {
  it.each(table)("has it again, and is the same object: $title", async ({ kind, name }) => {
    const before = (await there(kind, name)).metadata;
    const bare = { metadata: { ownerReferences: null } };
    await stage.client.patch(kind, { name, namespace: "default" }, bare, { type: "merge" });
    await eventually(async () => {
      const { uid, ownerReferences } = (await there(kind, name)).metadata;
      expect({ uid, ownerReferences }).toEqual({ uid: before.uid, ownerReferences: before.ownerReferences });
    }, 5_000);
  });
});

describe("others' objects", () => {
  it("of a child's name are left as they are, and the hop says so", async () => {
    const foreign: KubeObject = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "cafe", namespace: "default" },
      spec: { ports: [{ port: 80 }] },
    };
    const made = await stage.client.create(kinds.Service, foreign);
    const cafe = shop("default", "cafe");
    cafe.spec = { ...(cafe.spec as object), host: "cafe.example.test", database: undefined };
    await stage.client.create(kinds.WebFlowKind, cafe);
    await eventually(async () =>
      expect(await hop("lb", "default", "cafe")).toMatchObject({ state: "Broken", reason: "NameConflict" }),
    );
    const now = await there(kinds.Service, "cafe");
    expect(now).toEqual(made);
  });

  it("keep a host that another namespace asks for later: no route for the loser", async () => {
    await stage.client.create(kinds.WebFlowKind, shop("rival"));
    await eventually(async () =>
      expect(await hop("router", "rival")).toMatchObject({ state: "Broken", reason: "HostConflict" }),
    );
    expect(await find(stage.client, kinds.Ingress, "shop", "rival")).toBeUndefined();
    expect((await hop("router"))?.reason).not.toBe("HostConflict");
  });
});

describe("the operator", () => {
  it("restarted or killed writes no child again", async () => {
    await seconds(3);
    const started = Date.now();
    expect(await stage.stopOperator()).toBe(0);
    await stage.startOperator();
    await seconds(4);
    await stage.stopOperator("SIGKILL");
    await stage.startOperator();
    await seconds(4);
    const written = stage
      .writes(started)
      .filter((line) => !["webflows", "events"].includes(line.objectRef?.resource ?? ""))
      // Under a name that somebody else has, the first apply after a start is refused, by which that is found out anew.
      .filter((line) => line.objectRef?.name !== "cafe");
    expect(written.map((line) => `${line.verb} ${line.objectRef?.resource}/${line.objectRef?.name}`)).toEqual([]);
  });

  it("lets everything go with the WebFlow but the claim and the credentials, which the next one finds", async () => {
    await remove(kinds.WebFlowKind, "shop", "rival");
    const secret = await there(kinds.Secret, "shop-db");
    const claim = await eventually(() => there(kinds.PersistentVolumeClaim, "data-shop-db-0"));
    expect(claim.metadata.annotations?.["webflow.dev/credentials"]).toBe("shop-db");
    await remove(kinds.WebFlowKind, "shop");
    for (const [kind, name] of children)
      await eventually(async () => expect(await find(stage.client, kind, name)).toBeUndefined(), 60_000);
    await stage.client.create(kinds.WebFlowKind, shop());
    for (const [kind, name] of children) await eventually(() => there(kind, name), 60_000);
    expect((await there(kinds.Secret, "shop-db")).metadata.uid).toBe(secret.metadata.uid);
    expect((await there(kinds.PersistentVolumeClaim, "data-shop-db-0")).metadata.uid).toBe(claim.metadata.uid);
  });
});
