import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Client } from "../../src/kernel/client.ts";
import { defaultConnection } from "../../src/kernel/connection.ts";
import { ApiError } from "../../src/kernel/errors.ts";
import { silent } from "../../src/kernel/hooks.ts";
import { controllerOf, type Kind, type KubeObject } from "../../src/kernel/objects.ts";
import { Cache } from "../../src/kernel/read/cache.ts";
import { systemClock } from "../../src/kernel/run/clock.ts";
import { type Applied, Applier } from "../../src/kernel/write/apply.ts";
import { prune } from "../../src/kernel/write/prune.ts";
import { writeStatus } from "../../src/kernel/write/status.ts";
import { TestClock } from "../harness/clock.ts";
import { type ControlPlane, startControlPlane } from "../harness/control-plane.ts";
import { eventually } from "../harness/fake-api.ts";

const kind = (apiVersion: string, kind: string, plural: string): Kind => ({
  apiVersion,
  kind,
  plural,
  namespaced: true,
});
const ConfigMap = kind("v1", "ConfigMap", "configmaps");
const Service = kind("v1", "Service", "services");
const Deployment = kind("apps/v1", "Deployment", "deployments");
const NetworkPolicy = kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies");
const PersistentVolumeClaim = kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims");
const kinds = [ConfigMap, Service, Deployment, NetworkPolicy, PersistentVolumeClaim];
const annotation = "webflow.dev/applied";

let plane: ControlPlane;
let client: Client;
let namespace: string;
let owner: KubeObject;
let cache: Cache;
let applier: Applier;
let clock: TestClock;
/** What the applier asked of the server. */
let calls: string[];
let writes: string[];
let noEffect: string[];
let stop: AbortController;
let ended: Promise<void>;
let round = 0;

beforeAll(async () => {
  plane = await startControlPlane();
  client = new Client({ connection: defaultConnection(plane.kubeconfig), userAgent: "somebody" });
});

afterAll(async () => {
  await client?.close();
  await plane?.stop();
});

beforeEach(async () => {
  round += 1;
  namespace = `apply-${round}`;
  await client.raw("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  owner = await client.create(ConfigMap, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "owner", namespace },
  });
  await start();
});

afterEach(async () => {
  stop.abort();
  await ended;
});

/** What an operator that has just started has. */
async function start(): Promise<void> {
  cache = new Cache({
    client,
    clock: systemClock,
    log: silent,
    watches: kinds.map((each) => ({ kind: each, namespace, labelSelector: "managed-by=test" })),
  });
  writes = [];
  noEffect = [];
  calls = [];
  clock = new TestClock();
  applier = new Applier({
    client: {
      get: (...args) => {
        calls.push("get");
        return client.get(...args);
      },
      apply: (...args) => {
        calls.push("apply");
        return client.apply(...args);
      },
    },
    cache,
    clock,
    manager: "test",
    hashAnnotation: annotation,
    log: silent,
    onWrite: (of, action) => writes.push(`${of.kind} ${action}`),
    onNoEffect: (_kind, path) => noEffect.push(path),
  });
  stop = new AbortController();
  ended = cache.run(stop.signal);
  await cache.whenSynced(stop.signal);
}

function wanted(of: Kind, name: string, rest: object): KubeObject {
  const { uid = "" } = owner.metadata;
  return {
    apiVersion: of.apiVersion,
    kind: of.kind,
    metadata: {
      name,
      namespace,
      labels: { "managed-by": "test" },
      ownerReferences: [
        { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    ...rest,
  };
}

const settings = (data: Record<string, string>): KubeObject => wanted(ConfigMap, "settings", { data });

function apply(desired: KubeObject): Promise<Applied> {
  const of = kinds.find((each) => each.kind === desired.kind);
  if (of === undefined) throw new Error(desired.kind);
  return applier.apply({ kind: of, desired, owner: owner.metadata.uid ?? "" });
}

const live = (of: Kind, name: string): Promise<KubeObject> => client.get(of, name, namespace);

const deployment = (image: string): KubeObject =>
  wanted(Deployment, "web", {
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          containers: [
            {
              name: "web",
              image,
              ports: [{ name: "http", containerPort: 8080 }],
              env: [{ name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
              resources: { requests: { cpu: "1000m", memory: "1024Mi" } },
              readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 5 },
              volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
            },
          ],
          volumes: [{ name: "tmp", emptyDir: {} }],
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "zone",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: { matchLabels: { app: "web" } },
            },
          ],
        },
      },
    },
  });
const service = (): KubeObject =>
  wanted(Service, "web", {
    spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
  });
const policy = (): KubeObject =>
  wanted(NetworkPolicy, "web", {
    spec: {
      podSelector: { matchLabels: { app: "web" } },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: { matchLabels: { a: "b" } } }], ports: [{ port: 5432, protocol: "TCP" }] }],
    },
  });

describe("apply", () => {
  it("creates what is absent, and then writes nothing while all is as wanted, also after a restart", async () => {
    const all = [settings({ a: "1" }), deployment("web:1"), service(), policy()];
    for (const object of all) expect(await apply(object)).toMatchObject({ action: "created" });
    for (const object of all) expect(await apply(object)).toMatchObject({ action: "none" });
    expect(calls).toEqual(all.map(() => "apply"));
    stop.abort();
    await ended;
    await start();
    for (const object of all) expect(await apply(object)).toMatchObject({ action: "none" });
    expect(writes).toEqual([]);
    expect(noEffect).toEqual([]);
  });

  it("sees its own write at once", async () => {
    await apply(settings({ a: "1" }));
    expect(cache.get(ConfigMap, "settings", namespace)?.data).toEqual({ a: "1" });
    await apply(settings({ a: "2" }));
    expect(await apply(settings({ a: "2" }))).toMatchObject({ action: "none" });
    expect(writes).toEqual(["ConfigMap created", "ConfigMap applied"]);
  });

  it("takes back a field that is no longer wanted", async () => {
    await apply(settings({ a: "1", b: "2" }));
    expect(await apply(settings({ a: "1" }))).toMatchObject({ action: "applied" });
    expect((await live(ConfigMap, "settings")).data).toEqual({ a: "1" });
  });

  it("leaves what others added, and does not mind it", async () => {
    await apply(deployment("web:1"));
    await client.patch(
      Deployment,
      { name: "web", namespace },
      { spec: { replicas: 4 }, metadata: { labels: { theirs: "1" } } },
      { type: "merge" },
    );
    await eventually(() => expect(cache.get(Deployment, "web", namespace)).toMatchObject({ spec: { replicas: 4 } }));
    expect(await apply(deployment("web:1"))).toMatchObject({ action: "none" });
    await apply(deployment("web:2"));
    expect(await live(Deployment, "web")).toMatchObject({
      spec: { replicas: 4 },
      metadata: { labels: { theirs: "1" } },
    });
  });

  it.each<{ name: string; of: Kind; object: () => KubeObject; drift: object }>([
    {
      name: "an image",
      of: Deployment,
      object: () => deployment("web:1"),
      drift: [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "bad:1" }],
    },
    {
      name: "a selector",
      of: Service,
      object: service,
      drift: [{ op: "add", path: "/spec/selector/extra", value: "1" }],
    },
    {
      name: "a policy's peers",
      of: NetworkPolicy,
      object: policy,
      drift: [{ op: "add", path: "/spec/ingress/0/from/0/namespaceSelector", value: {} }],
    },
    {
      name: "a policy's rules",
      of: NetworkPolicy,
      object: policy,
      drift: [{ op: "add", path: "/spec/ingress/-", value: {} }],
    },
  ])("undoes what others changed: $name", async ({ of, object, drift }) => {
    await apply(object());
    const patched = await client.patch(of, { name: "web", namespace }, drift, { type: "json" });
    const seen = () => cache.get(of, "web", namespace)?.metadata.resourceVersion;
    await eventually(() => expect(seen()).toBe(patched.metadata.resourceVersion));
    expect(await apply(object())).toMatchObject({ action: "applied" });
    expect(await apply(object())).toMatchObject({ action: "none" });
    expect(noEffect).toEqual([]);
  });

  it("makes again what was deleted", async () => {
    await apply(settings({ a: "1" }));
    const { uid = "", resourceVersion = "" } = (await live(ConfigMap, "settings")).metadata;
    await client.delete(ConfigMap, { name: "settings", namespace, uid, resourceVersion });
    await eventually(() => expect(cache.get(ConfigMap, "settings", namespace)).toBeUndefined());
    expect(await apply(settings({ a: "1" }))).toMatchObject({ action: "created" });
  });

  it("does not write over an object that became another one since the cache saw it", async () => {
    await apply(settings({ a: "1" }));
    const known = cache.get(ConfigMap, "settings", namespace);
    stop.abort();
    await ended;
    const { uid = "", resourceVersion = "" } = (await live(ConfigMap, "settings")).metadata;
    await client.delete(ConfigMap, { name: "settings", namespace, uid, resourceVersion });
    await client.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings", namespace },
      data: { theirs: "1" },
    });
    expect(known).toBeDefined();
    expect(await apply(settings({ a: "2" }))).toMatchObject({ action: "failed", error: { kind: "conflict" } });
    expect((await live(ConfigMap, "settings")).data).toEqual({ theirs: "1" });
  });

  it("finds its own object whose label was taken off, and puts the label back", async () => {
    await apply(settings({ a: "1" }));
    await client.patch(ConfigMap, { name: "settings", namespace }, { metadata: { labels: null } }, { type: "merge" });
    await eventually(() => expect(cache.get(ConfigMap, "settings", namespace)).toBeUndefined());
    expect(await apply(settings({ a: "1" }))).toMatchObject({ action: "applied" });
    expect(writes).toEqual(["ConfigMap created", "ConfigMap applied"]);
    expect((await live(ConfigMap, "settings")).metadata.labels).toEqual({ "managed-by": "test" });
    expect(await apply(settings({ a: "1" }))).toMatchObject({ action: "none" });
  });

  it("finds its own object whose label was taken off and whose fields were changed", async () => {
    await apply(settings({ a: "1" }));
    await client.patch(
      ConfigMap,
      { name: "settings", namespace },
      { metadata: { labels: null }, data: { a: "9" } },
      { type: "merge" },
    );
    await eventually(() => expect(cache.get(ConfigMap, "settings", namespace)).toBeUndefined());
    expect(await apply(settings({ a: "1" }))).toMatchObject({ action: "applied" });
    expect(await live(ConfigMap, "settings")).toMatchObject({
      data: { a: "1" },
      metadata: { labels: { "managed-by": "test" } },
    });
  });

  it("finds its own object whose owner reference was taken off, and puts it back", async () => {
    await apply(settings({ a: "1" }));
    const bare = { metadata: { ownerReferences: null } };
    const stripped = await client.patch(ConfigMap, { name: "settings", namespace }, bare, { type: "merge" });
    const seen = () => cache.get(ConfigMap, "settings", namespace)?.metadata.resourceVersion;
    await eventually(() => expect(seen()).toBe(stripped.metadata.resourceVersion));
    expect(await apply(settings({ a: "1" }))).toMatchObject({ action: "applied" });
    expect(controllerOf(await live(ConfigMap, "settings"))?.name).toBe("owner");
  });

  it("leaves one alone that was taken off its owner and is labelled as another's", async () => {
    const labelled = (): KubeObject => {
      const object = settings({ a: "1" });
      return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, flow: "one" } } };
    };
    await apply(labelled());
    const bare = { metadata: { ownerReferences: null, labels: { flow: "other" } } };
    const stripped = await client.patch(ConfigMap, { name: "settings", namespace }, bare, { type: "merge" });
    const seen = () => cache.get(ConfigMap, "settings", namespace)?.metadata.resourceVersion;
    await eventually(() => expect(seen()).toBe(stripped.metadata.resourceVersion));
    expect(await apply(labelled())).toMatchObject({ action: "conflict" });
    expect((await live(ConfigMap, "settings")).metadata.resourceVersion).toBe(stripped.metadata.resourceVersion);
  });

  it("finds it also where the label was taken off with it", async () => {
    await apply(settings({ a: "1" }));
    const bare = { metadata: { ownerReferences: null, labels: null } };
    await client.patch(ConfigMap, { name: "settings", namespace }, bare, { type: "merge" });
    await eventually(() => expect(cache.get(ConfigMap, "settings", namespace)).toBeUndefined());
    expect(await apply(settings({ a: "1" }))).toMatchObject({ action: "applied" });
    expect((await live(ConfigMap, "settings")).metadata.labels).toEqual({ "managed-by": "test" });
    expect(controllerOf(await live(ConfigMap, "settings"))?.name).toBe("owner");
  });

  it("counts a field that the server does not keep, and does not try for ever", async () => {
    const odd = (): KubeObject => ({ ...service(), status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } });
    expect(await apply(odd())).toMatchObject({ action: "created" });
    expect(await apply(odd())).toMatchObject({ action: "none" });
    expect(await apply(odd())).toMatchObject({ action: "none" });
    expect(noEffect).toEqual(["status.loadBalancer.ingress"]);
    expect(writes).toEqual(["Service created"]);
  });

  it("says what the server found wrong", async () => {
    const bad = wanted(Service, "bad", { spec: { ports: [{ port: 99999 }] } });
    expect(await apply(bad)).toMatchObject({
      action: "failed",
      error: { kind: "invalid", message: expect.stringContaining("spec.ports") },
    });
  });

  it("sends what the server found wrong again when the wish changes, and else more and more rarely", async () => {
    const bad = (port: number) => wanted(Service, "bad", { spec: { ports: [{ port }] } });
    const first = await apply(bad(99999));
    expect(await apply(bad(99999))).toEqual(first);
    expect(calls).toEqual(["apply"]);
    await apply(bad(99998));
    expect(calls).toEqual(["apply", "apply"]);
    const tries = async (millis: number): Promise<number> => {
      const before = calls.length;
      for (let passed = 0; passed < millis; passed += 1_000) {
        await clock.advance(1_000);
        await apply(bad(99998));
      }
      return calls.length - before;
    };
    expect(await tries(4_000)).toBe(1);
    expect(await tries(60_000)).toBe(3);
    expect(await tries(3_600_000)).toBeLessThan(12);
    expect(await apply(bad(80))).toMatchObject({ action: "created" });
  });

  it("does send it again when what is there has changed", async () => {
    await apply(service());
    const headless = { ...service(), spec: { ...(service().spec as object), clusterIP: "None" } };
    expect(await apply(headless)).toMatchObject({ error: { kind: "invalid" } });
    await apply(headless);
    expect(calls).toEqual(["apply", "apply"]);
    const { uid = "", resourceVersion = "" } = (await live(Service, "web")).metadata;
    await client.delete(Service, { name: "web", namespace, uid, resourceVersion });
    await eventually(() => expect(cache.get(Service, "web", namespace)).toBeUndefined());
    expect(await apply(headless)).toMatchObject({ action: "created" });
  });

  it("does not fight over a field without a pause, and never gives it up", async () => {
    await apply(settings({ a: "1" }));
    const turn = async () => {
      const theirs = { data: { a: "theirs" } };
      const patched = await client.patch(ConfigMap, { name: "settings", namespace }, theirs, { type: "merge" });
      cache.wrote(ConfigMap, patched);
      return apply(settings({ a: "1" }));
    };
    for (let round = 0; round < 5; round += 1) expect(await turn()).toMatchObject({ action: "applied" });
    expect(await turn()).toMatchObject({ error: { reason: "Contested", kind: "waiting", retryAfterMs: 1_000 } });
    await clock.advance(1_000);
    expect(await turn()).toMatchObject({ action: "applied" });
    expect(await turn()).toMatchObject({ error: { reason: "Contested" } });
    expect(await apply(settings({ a: "2" }))).toMatchObject({ action: "applied" });
    await clock.advance(5_000);
    for (let round = 0; round < 5; round += 1) expect(await turn()).toMatchObject({ action: "applied" });
  });

  it("waits for an object that is being deleted", async () => {
    await apply(settings({ a: "1" }));
    await client.patch(
      ConfigMap,
      { name: "settings", namespace },
      { metadata: { finalizers: ["test/hold"] } },
      { type: "merge" },
    );
    const { uid = "", resourceVersion = "" } = (await live(ConfigMap, "settings")).metadata;
    await client.delete(ConfigMap, { name: "settings", namespace, uid, resourceVersion });
    await eventually(() =>
      expect(cache.get(ConfigMap, "settings", namespace)?.metadata.deletionTimestamp).toBeDefined(),
    );
    expect(await apply(settings({ a: "2" }))).toMatchObject({
      action: "failed",
      error: { reason: "Terminating", kind: "waiting" },
    });
    await client.patch(
      ConfigMap,
      { name: "settings", namespace },
      { metadata: { finalizers: null } },
      { type: "merge" },
    );
    await eventually(() => expect(cache.get(ConfigMap, "settings", namespace)).toBeUndefined());
    expect(await apply(settings({ a: "2" }))).toMatchObject({ action: "created" });
  });
});

describe("an object that is not ours", () => {
  const foreign = (rest: object = {}): KubeObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings", namespace, labels: { theirs: "1" } },
    data: { theirs: "1" },
    ...rest,
  });

  it.each([
    { name: "with other fields, which the server would merge", rest: {} },
    { name: "with the same field of another value, which the server refuses", rest: { data: { a: "theirs" } } },
  ])("$name, is not touched, and looked at again each time", async ({ rest }) => {
    const before = await client.create(ConfigMap, foreign(rest));
    for (let turn = 0; turn < 3; turn += 1)
      expect(await apply(settings({ a: "1" }))).toMatchObject({
        action: "conflict",
        error: { reason: "NameConflict", message: expect.stringContaining("not ours") },
      });
    expect(await live(ConfigMap, "settings")).toEqual(before);
    expect(calls).toEqual(["apply", "get", "get", "get"]);
  });

  it("is not touched either where it was made by whoever came just before us", async () => {
    const all = [deployment("web:1"), service(), policy()];
    for (const object of all) {
      const of = kinds.find((each) => each.kind === object.kind) ?? ConfigMap;
      const theirs = { ...object, metadata: { name: object.metadata.name, namespace, labels: { theirs: "1" } } };
      const before = await client.apply(of, theirs, { fieldManager: "somebody" });
      expect(await apply(object)).toMatchObject({ action: "conflict" });
      expect(await live(of, object.metadata.name)).toEqual(before.object);
    }
  });

  it("is not touched when it could not be found out whose it is", async () => {
    const before = await client.create(ConfigMap, foreign());
    const later = new ApiError({ status: 503, reason: "ServiceUnavailable", message: "later", kind: "transient" });
    const broken: Pick<Client, "apply" | "get"> = {
      get: () => Promise.reject(later),
      apply: client.apply.bind(client),
    };
    applier = new Applier({ client: broken, cache, clock, manager: "test", hashAnnotation: annotation, log: silent });
    expect(await apply(settings({ a: "1" }))).toMatchObject({ action: "failed", error: { kind: "transient" } });
    expect(await live(ConfigMap, "settings")).toEqual(before);
  });

  it("that is a copy of one of ours is not touched", async () => {
    await apply(settings({ a: "1" }));
    const { name: _, uid: _uid, resourceVersion: _version, ...copied } = (await live(ConfigMap, "settings")).metadata;
    const {
      ownerReferences: _owners,
      managedFields: _fields,
      ...rest
    } = copied as typeof copied & {
      managedFields: unknown;
    };
    const before = await client.create(ConfigMap, foreign({ metadata: { ...rest, name: "other" } }));
    await eventually(() => expect(cache.get(ConfigMap, "other", namespace)).toBeDefined());
    expect(await apply(wanted(ConfigMap, "other", { data: { a: "1" } }))).toMatchObject({ action: "conflict" });
    expect(await live(ConfigMap, "other")).toEqual(before);
  });

  it("under another controller is said to be that one's", async () => {
    const other = await client.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "other", namespace },
    });
    const reference = {
      apiVersion: "v1",
      kind: "ConfigMap",
      name: "other",
      uid: other.metadata.uid ?? "",
      controller: true,
    };
    await client.create(
      ConfigMap,
      foreign({ metadata: { name: "settings", namespace, ownerReferences: [reference] } }),
    );
    expect(await apply(settings({ a: "1" }))).toMatchObject({
      action: "conflict",
      error: { message: expect.stringContaining("controlled by ConfigMap other") },
    });
    expect(controllerOf(await live(ConfigMap, "settings"))?.name).toBe("other");
  });

  it("that wears our label is not touched either", async () => {
    const before = await client.create(
      ConfigMap,
      foreign({ metadata: { name: "settings", namespace, labels: { "managed-by": "test" } } }),
    );
    await eventually(() => expect(cache.get(ConfigMap, "settings", namespace)).toBeDefined());
    expect(await apply(settings({ a: "1" }))).toMatchObject({ action: "conflict" });
    expect((await live(ConfigMap, "settings")).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(writes).toEqual([]);
  });

  it("makes way when it is gone", async () => {
    const before = await client.create(ConfigMap, foreign());
    await apply(settings({ a: "1" }));
    const { resourceVersion = "" } = (await live(ConfigMap, "settings")).metadata;
    await client.delete(ConfigMap, { name: "settings", namespace, uid: before.metadata.uid ?? "", resourceVersion });
    expect(await apply(settings({ a: "1" }))).toMatchObject({ action: "created" });
  });

  it("but of an earlier owner of the same name is waited for", async () => {
    const reference = {
      apiVersion: "v1",
      kind: "ConfigMap",
      name: "owner",
      uid: "11111111-0000-0000-0000-000000000000",
      controller: true,
    };
    await client.create(
      ConfigMap,
      foreign({
        metadata: { name: "settings", namespace, labels: { "managed-by": "test" }, ownerReferences: [reference] },
      }),
    );
    await eventually(() => expect(cache.get(ConfigMap, "settings", namespace)).toBeDefined());
    expect(await apply(settings({ a: "1" }))).toMatchObject({
      action: "failed",
      error: { reason: "PreviousOwner", kind: "waiting" },
    });
  });
});

describe("prune", () => {
  const request = (applied: Applied[], ...desired: KubeObject[]) => ({
    owner: owner.metadata.uid ?? "",
    desired: desired.map((object) => ({ kind: ConfigMap, object })),
    applied,
  });
  const claim = (): KubeObject =>
    wanted(PersistentVolumeClaim, "data", {
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    });

  it("deletes what is ours and no longer wanted, and nothing else", async () => {
    const applied = [await apply(settings({ a: "1" })), await apply(service()), await apply(claim())];
    await client.create(ConfigMap, {
      ...settings({}),
      metadata: { name: "theirs", namespace, labels: { "managed-by": "test" } },
    });
    const result = await prune({ client, cache, kinds }, request(applied, settings({ a: "1" })));
    expect(result).toMatchObject({ deleted: [{ kind: "Service" }], failed: [] });
    await live(ConfigMap, "settings");
    await live(ConfigMap, "theirs");
    await live(PersistentVolumeClaim, "data");
    await expect(live(Service, "web")).rejects.toMatchObject({ kind: "notfound" });
  });

  it("deletes nothing when something was not applied", async () => {
    await apply(service());
    const failed: Applied = { action: "failed", error: { reason: "x", message: "x", kind: "transient" } };
    expect(await prune({ client, cache, kinds }, request([failed]))).toEqual({ skipped: "not-all-applied" });
    await live(Service, "web");
  });

  it("deletes nothing when the cache is not synced", async () => {
    await apply(service());
    const unsynced = { synced: () => false, byOwner: cache.byOwner.bind(cache) };
    expect(await prune({ client, cache: unsynced, kinds }, request([]))).toEqual({ skipped: "not-synced" });
    await live(Service, "web");
  });

  it.each([
    { name: "has lost its controller", change: { metadata: { ownerReferences: null } } },
    {
      name: "has changed hands",
      change: {
        metadata: { ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "x", uid: "x", controller: true }] },
      },
    },
  ])("deletes nothing that $name since it was seen", async ({ change }) => {
    await apply(settings({ a: "1" }));
    const seen = [cache.get(ConfigMap, "settings", namespace) ?? owner];
    await client.patch(ConfigMap, { name: "settings", namespace }, change, { type: "merge" });
    const stale = { synced: () => true, byOwner: () => seen };
    expect(await prune({ client, cache: stale, kinds: [ConfigMap] }, request([]))).toEqual({ deleted: [], failed: [] });
    await live(ConfigMap, "settings");
  });

  it("deletes nothing that is another object of the same name by now", async () => {
    await apply(settings({ a: "1" }));
    const seen = [cache.get(ConfigMap, "settings", namespace) ?? owner];
    const { uid = "", resourceVersion = "" } = seen[0]?.metadata ?? {};
    await client.delete(ConfigMap, { name: "settings", namespace, uid, resourceVersion });
    const second = await client.create(ConfigMap, settings({ a: "2" }));
    const stale = { synced: () => true, byOwner: () => seen };
    expect(await prune({ client, cache: stale, kinds: [ConfigMap] }, request([]))).toEqual({ deleted: [], failed: [] });
    expect((await live(ConfigMap, "settings")).metadata.uid).toBe(second.metadata.uid);
  });
});

describe("status", () => {
  it("is written when it says something else, under its own name, and not otherwise", async () => {
    await client.apply(Deployment, deployment("web:1"), { fieldManager: "test" });
    const object = await live(Deployment, "web");
    const written: string[] = [];
    const options = { client, cache, manager: "test-status", onWrite: (of: Kind) => written.push(of.kind) };
    const status = { observedGeneration: 1, conditions: [] };
    expect(await writeStatus(options, Deployment, { object, status })).toBe("applied");
    const after = await live(Deployment, "web");
    expect(after.status).toMatchObject({ observedGeneration: 1 });
    expect(await writeStatus(options, Deployment, { object: after, status: { observedGeneration: 1 } })).toBe("none");
    expect(written).toEqual(["Deployment"]);
    expect(JSON.stringify(after.metadata)).toContain("test-status");
  });

  it("is not written to another object of that name", async () => {
    await client.apply(Deployment, deployment("web:1"), { fieldManager: "test" });
    const object = await live(Deployment, "web");
    const other = { ...object, metadata: { ...object.metadata, uid: "11111111-0000-0000-0000-000000000000" } };
    const options = { client, cache, manager: "test-status" };
    await expect(
      writeStatus(options, Deployment, { object: other, status: { observedGeneration: 1 } }),
    ).rejects.toMatchObject({ kind: "conflict" });
  });
});
