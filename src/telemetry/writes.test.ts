import { afterEach, describe, expect, it } from "vitest";
import { FakeApi } from "../../test/harness/fake-api.ts";
import { anObject } from "../../test/object-builder.ts";
import { Client } from "../kernel/client.ts";
import { watchId } from "../kernel/read/selector.ts";
import { watches } from "../operator/watches.ts";
import * as kinds from "../webflow/kinds.ts";
import { clusterPermissions, namespacePermissions } from "../webflow/rbac.ts";
import { createMetrics } from "./metrics.ts";
import { appliedWith, writeOf, writesWith } from "./writes.ts";

const rights = [...clusterPermissions, ...namespacePermissions];
const api = new FakeApi();
afterEach(() => api.stop());

/** Lines of one metric, without their values. */
const seriesOf = (text: string, name: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) => line.replace(/ [^ ]+$/, ""));

async function everyWrite(client: Client): Promise<void> {
  const fieldManager = "test";
  const flow = anObject(kinds.WebFlowKind, "shop");
  const exactly = { name: "shop", namespace: "default", uid: "u", resourceVersion: "1" };
  const calls = [
    client.apply(kinds.WebFlowKind, flow, { fieldManager, force: true, subresource: "status" }),
    client.apply(kinds.Deployment, anObject(kinds.Deployment, "shop"), { fieldManager }),
    client.apply(kinds.ConfigMap, anObject(kinds.ConfigMap, "webflow-zones"), { fieldManager }),
    client.delete(kinds.Ingress, exactly),
    client.create(kinds.Job, anObject(kinds.Job, "shop")),
    client.create(kinds.Secret, anObject(kinds.Secret, "shop-db")),
    client.create(kinds.Event, anObject(kinds.Event, "shop.1")),
    client.create(kinds.Lease, anObject(kinds.Lease, "webflow-operator")),
    client.replace(kinds.Lease, anObject(kinds.Lease, "webflow-operator")),
    client.patch(kinds.PersistentVolumeClaim, exactly, {}, { type: "merge" }),
    client.patch(kinds.Pod, exactly, {}, { type: "merge" }),
    // Neither writes.
    client.create(kinds.Secret, anObject(kinds.Secret, "shop-db"), { dryRun: true }),
    client.get(kinds.Deployment, "shop", "default"),
  ];
  await Promise.allSettled(calls);
}
const written = [
  "configmaps patch",
  "deployments patch",
  "events create",
  "ingresses delete",
  "jobs create",
  "leases create",
  "leases update",
  "persistentvolumeclaims patch",
  "pods patch",
  "secrets create",
  "webflows/status patch",
];

describe("writes to the API server", () => {
  it.each([
    ["that are taken", 200, "ok"],
    ["that are refused for want of a right", 403, "refused"],
    ["that are wrong", 422, "refused"],
    ["that meet another's", 409, "conflict"],
    ["to what has gone", 404, "conflict"],
    ["that fail", 501, "error"],
  ])(
    "%s are counted by resource, verb and result, each in a series that was there before",
    async (_, status, result) => {
      await api.start();
      api.answer = () => ({ status, body: {} });
      const metrics = createMetrics({ writes: writesWith(rights) });
      const before = seriesOf(await metrics.registry.metrics(), "webflow_writes_total");
      const client = new Client({ connection: api.connection(), userAgent: "test", onAnswer: metrics.answered });
      await everyWrite(client);
      await client.close();
      const text = await metrics.registry.metrics();
      expect(seriesOf(text, "webflow_writes_total")).toEqual(before);
      const counted = text.matchAll(/^webflow_writes_total\{result="(\w+)",resource="([^"]+)",verb="(\w+)"\} 1$/gm);
      expect([...counted].map(([, found, resource, verb]) => `${resource} ${verb} ${found}`).sort()).toEqual(
        written.map((one) => `${one} ${result}`),
      );
    },
  );

  it("without an answer, and those to be sent again, are errors", () => {
    const result = (status: number) => writeOf({ method: "POST", path: "/api/v1/namespaces/a/pods", status })?.result;
    expect([0, 408, 429, 500, 503].map(result)).toEqual(["error", "error", "error", "error", "error"]);
  });

  it("are known by their paths, in a namespace or not", () => {
    const resource = (path: string) => writeOf({ method: "PATCH", path, status: 200 })?.resource;
    expect(resource("/apis/webflow.dev/v1alpha1/namespaces/default/webflows/shop/status?force=true")).toBe(
      "webflows/status",
    );
    expect(resource("/api/v1/nodes/one")).toBe("nodes");
    expect(resource("/apis/webflow.dev/v1alpha1/webflowclasses/one")).toBe("webflowclasses");
  });

  it("have no series that cannot move: no review, and no create of what is applied", () => {
    const shown = writesWith(rights).map(({ resource, verb }) => `${resource} ${verb}`);
    expect(shown).not.toContain("deployments create");
    expect(shown.filter((one) => one.includes("reviews"))).toEqual([]);
    expect(written.filter((one) => !shown.includes(one))).toEqual([]);
    expect(appliedWith(rights)).toContain("ConfigMap");
    expect(appliedWith(rights)).not.toContain("PersistentVolumeClaim");
  });
});

describe("watches", () => {
  it("are shown from the start under the names by which they are counted", async () => {
    const ids = watches("webflow-system").map(watchId);
    const { registry, count } = createMetrics({ watches: ids });
    const before = await registry.metrics();
    for (const watch of ids) {
      count("webflow_relists_total", { watch, reason: "gone" });
      count("webflow_parse_errors_total", { watch });
    }
    const after = await registry.metrics();
    for (const name of ["webflow_relists_total", "webflow_parse_errors_total"])
      expect(seriesOf(after, name)).toEqual(seriesOf(before, name));
    expect(before).toContain('webflow_parse_errors_total{watch="pods webflow.dev/flow"} 0');
  });
});
