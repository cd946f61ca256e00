import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Client } from "../../src/kernel/client.ts";
import { defaultConnection } from "../../src/kernel/connection.ts";
import { silent } from "../../src/kernel/hooks.ts";
import type { KubeObject } from "../../src/kernel/objects.ts";
import { Cache } from "../../src/kernel/read/cache.ts";
import { systemClock } from "../../src/kernel/run/clock.ts";
import { Leader } from "../../src/kernel/run/leader.ts";
import { Events } from "../../src/kernel/write/events.ts";
import { type ControlPlane, startControlPlane } from "../harness/control-plane.ts";
import { eventually } from "../harness/fake-api.ts";

const kind = (apiVersion: string, kind: string, plural: string) => ({ apiVersion, kind, plural, namespaced: true });
const ConfigMap = kind("v1", "ConfigMap", "configmaps");
const Lease = kind("coordination.k8s.io/v1", "Lease", "leases");
const Event = kind("events.k8s.io/v1", "Event", "events");
const Thing = kind("example.dev/v1", "Thing", "things");

let plane: ControlPlane;
let client: Client;
let stop: AbortController;
const running: Promise<unknown>[] = [];

beforeAll(async () => {
  plane = await startControlPlane({ audit: true });
  client = new Client({ connection: defaultConnection(plane.kubeconfig), userAgent: "test" });
});

afterAll(async () => {
  await client?.close();
  await plane?.stop();
});

beforeEach(() => {
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running.splice(0));
});

function configMap(name: string, data: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default", labels: { test: "live" } },
    data,
  };
}

async function remove(name: string): Promise<void> {
  const { metadata } = await client.get(ConfigMap, name, "default");
  const { uid = "", resourceVersion = "" } = metadata;
  await client.delete(ConfigMap, { name, namespace: "default", uid, resourceVersion });
}

describe("the cache", () => {
  it("stays equal to the API server over changes, a restart of the server, and an API that comes late", async () => {
    await client.create(ConfigMap, configMap("a"));
    const cache = new Cache({
      client,
      clock: systemClock,
      log: silent,
      absentMs: 200,
      watches: [
        { kind: ConfigMap, namespace: "default", labelSelector: "test=live" },
        { kind: Thing, optional: true },
      ],
    });
    running.push(cache.run(stop.signal));
    await cache.whenSynced(stop.signal);
    const names = () =>
      cache
        .list(ConfigMap)
        .map(({ metadata }) => metadata.name)
        .sort();
    expect(names()).toEqual(["a"]);
    await client.create(ConfigMap, configMap("b"));
    await eventually(() => expect(names()).toEqual(["a", "b"]), 1000);

    const before = cache.get(ConfigMap, "a", "default")?.metadata.uid;
    await plane.restartApiServer();
    await remove("a");
    await client.create(ConfigMap, configMap("a", { second: "1" }));
    await remove("b");
    await eventually(() => {
      expect(names()).toEqual(["a"]);
      expect(cache.get(ConfigMap, "a", "default")?.metadata.uid).not.toBe(before);
    }, 40_000);

    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await client.raw("POST", definitions, {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "things.example.dev" },
      spec: {
        group: "example.dev",
        scope: "Namespaced",
        names: { kind: "Thing", plural: "things", singular: "thing", listKind: "ThingList" },
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
      },
    });
    await eventually(() => expect(cache.status().map(({ phase }) => phase)).toEqual(["synced", "synced"]), 40_000);
    await client.create(Thing, {
      apiVersion: "example.dev/v1",
      kind: "Thing",
      metadata: { name: "late", namespace: "default" },
    });
    await eventually(() => expect(cache.get(Thing, "late", "default")).toBeDefined());
  });

  it("lists again when the history it would go on from is no longer there", async () => {
    const cache = new Cache({
      // Every watch begins at the first version there ever was.
      client: {
        list: client.list.bind(client),
        watch: (of, query) => client.watch(of, { ...query, resourceVersion: "1" }),
      },
      clock: systemClock,
      log: silent,
      backoff: { firstMs: 10, maxMs: 20 },
      watches: [{ kind: ConfigMap, namespace: "default", labelSelector: "test=live" }],
    });
    running.push(cache.run(stop.signal));
    await eventually(() => expect(cache.status()[0]?.relists).toBeGreaterThan(2));
    await client.create(ConfigMap, configMap("after-410"));
    await eventually(() => expect(cache.get(ConfigMap, "after-410", "default")).toBeDefined());
    expect(cache.status()[0]?.lastError).toContain("too old resource version");
  });
});

describe("two leaders on a real Lease", () => {
  it("take turns, and leave the Lease alone when they do not lead", async () => {
    const called = (identity: string) =>
      new Leader({
        client,
        kind: Lease,
        namespace: "default",
        name: "test",
        identity,
        clock: systemClock,
        log: silent,
        retryMs: 100,
      });
    const one = called("one");
    const two = called("two");
    expect(await one.acquire(stop.signal)).toBe(true);
    const renewing = new AbortController();
    const kept = one.keep(renewing.signal);
    const follows = two.acquire(stop.signal);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect([one.leading(), two.leading()]).toEqual([true, false]);
    expect((await client.get(Lease, "test", "default")).spec).toMatchObject({
      holderIdentity: "one",
      leaseTransitions: 0,
    });
    renewing.abort();
    expect(await kept).toBe("stopped");
    await one.release();
    expect(await follows).toBe(true);
    expect((await client.get(Lease, "test", "default")).spec).toMatchObject({
      holderIdentity: "two",
      leaseDurationSeconds: 15,
    });
    await two.release();
  });

  it("take over from one that died, when its time is over", async () => {
    const called = (identity: string) =>
      new Leader({
        client,
        kind: Lease,
        namespace: "default",
        name: "dead",
        identity,
        clock: systemClock,
        log: silent,
        retryMs: 100,
        durationMs: 2000,
        renewDeadlineMs: 1000,
      });
    const dead = called("dead");
    expect(await dead.acquire(stop.signal)).toBe(true);
    const start = Date.now();
    const heir = called("heir");
    expect(await heir.acquire(stop.signal)).toBe(true);
    expect(Date.now() - start).toBeGreaterThanOrEqual(1900);
    expect(dead.leading()).toBe(false);
    const renewed = await dead.keep(stop.signal);
    expect(renewed).toBe("lost");
    expect((await client.get(Lease, "dead", "default")).spec).toMatchObject({
      holderIdentity: "heir",
      leaseTransitions: 1,
    });
  });
});

describe("events", () => {
  it("are taken by the API server", async () => {
    const regarding = await client.create(ConfigMap, configMap("regarded"));
    const failed: string[] = [];
    const onDropped = (why: string) => failed.push(why);
    const events = new Events({
      client,
      kind: Event,
      clock: systemClock,
      log: silent,
      controller: "webflow.dev/operator",
      instance: "test",
      onDropped,
    });
    events.record({ regarding, type: "Warning", reason: "Broken", action: "Judge", note: "it is broken" });
    await events.flush();
    expect(failed).toEqual([]);
    const { items } = await client.list(Event, { namespace: "default", fieldSelector: "regarding.name=regarded" });
    expect(items).toMatchObject([
      { reason: "Broken", note: "it is broken", type: "Warning", regarding: { kind: "ConfigMap" } },
    ]);
  });
});
