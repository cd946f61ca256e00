import { describe, expect, it } from "vitest";
import type { Desired, Hop } from "../hops/hop.ts";
import type { Kind, KubeObject } from "../kernel/objects.ts";
import type { Question } from "../probe/question.ts";
import * as kinds from "../webflow/kinds.ts";
import { type Fact, type Flow, hopNames, type State, type WebFlow, type WebFlowStatus } from "../webflow/types.ts";
import { Reconciler, type World, type Written } from "./reconcile.ts";

const raw: WebFlow = {
  apiVersion: "webflow.dev/v1alpha1",
  kind: "WebFlow",
  metadata: { name: "shop", namespace: "default", uid: "u1", generation: 1 },
  spec: { host: "shop.example.test", process: { image: "shop", ports: [{ name: "http", port: 8080 }] } },
};
const flow = {
  name: "shop",
  namespace: "default",
  uid: "u1",
  generation: 1,
  host: "shop.example.test",
  hosts: ["shop.example.test"],
  heldHosts: ["shop.example.test"],
  class: {},
  edges: [],
  faults: [],
} as unknown as Flow;
const wish = (kind: Kind, name: string, after: string[] = []): Desired => ({
  kind,
  object: { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name, namespace: "default" } },
  mode: "apply",
  after,
});

/** A path whose lb hop wants a policy and, after it, a Service; its state is what the test says. */
function pathOf(state: { now: State }, reason = "Told"): Hop[] {
  const fact = (hop: string): Fact => ({
    name: "answers",
    required: true,
    state: hop === "lb" ? state.now : "Healthy",
    reason,
    message: "as told.",
    vantage: "api",
  });
  return hopNames.map((name) => ({
    name,
    watches: [],
    asks: () => [{ key: `${name}/asked`, hop: name } as Question],
    desire: () =>
      name === "lb" ? [wish(kinds.Service, "shop", ["NetworkPolicy/shop"]), wish(kinds.NetworkPolicy, "shop")] : [],
    judge: (_flow, seen) => {
      const failure = name === "lb" ? seen.failure(kinds.Service, "shop") : undefined;
      return failure === undefined ? [fact(name)] : [{ ...fact(name), state: "Broken", ...failure }];
    },
  }));
}

class FakeWorld implements World {
  readonly log: string[] = [];
  fails: Record<string, Written> = {};
  found: KubeObject | undefined = raw;
  ingress: KubeObject | undefined;
  time = 0;
  status: WebFlowStatus | undefined;
  readonly objects = {
    get: (kind: Kind) => (kind === kinds.WebFlowKind ? this.found : kind === kinds.Ingress ? this.ingress : undefined),
    list: () => [],
  };
  readonly operator = () => ({
    namespace: "webflow-system",
    image: "",
    imagePullPolicy: "Never" as const,
    dnsServers: [],
    zoneConfigMap: "z",
  });
  readonly now = () => this.time;
  complete = () => flow;
  answer = () => undefined;
  want(key: string, questions: readonly Question[]) {
    this.log.push(`want ${key} ${questions.length}`);
  }
  async apply(kind: Kind, object: KubeObject): Promise<Written> {
    const key = `${kind.kind}/${object.metadata.name}`;
    this.log.push(`apply ${key} of ${object.metadata.ownerReferences?.[0]?.uid}`);
    return this.fails[key] ?? { ok: true, changed: true };
  }
  createOnce = async (): Promise<Written> => ({ ok: true, changed: false });
  tendClaim = async (): Promise<Written> => ({ ok: true, changed: false });
  async withdraw(): Promise<Written> {
    this.log.push("withdraw");
    return { ok: true, changed: true };
  }
  async prune(): Promise<Written> {
    this.log.push("prune");
    return { ok: true, changed: false };
  }
  async writeStatus(_raw: WebFlow, status: WebFlowStatus) {
    this.log.push("status");
    this.status = status;
  }
  announce() {}
  gauge(key: string, status: WebFlowStatus | undefined) {
    if (status === undefined) this.log.push(`gone ${key}`);
  }
}

const failure = (retry: boolean): Written => ({ ok: false, failure: { reason: "Forbidden", message: "no." }, retry });

describe("one turn", () => {
  it("writes in order, prunes, judges, reports, and keeps the questions asked", async () => {
    const world = new FakeWorld();
    const turn = await new Reconciler(pathOf({ now: "Healthy" }), world).reconcile("default/shop");
    expect(world.log).toEqual([
      "apply NetworkPolicy/shop of u1",
      "apply Service/shop of u1",
      "prune",
      "want default/shop 8",
      "status",
    ]);
    expect(turn).toEqual({ next: "later", millis: 30_000 });
    expect(world.status?.brokenAt).toBeUndefined();
  });

  it("holds back what waits for a write that failed, and prunes nothing", async () => {
    const world = new FakeWorld();
    world.fails["NetworkPolicy/shop"] = failure(true);
    const turn = await new Reconciler(pathOf({ now: "Healthy" }), world).reconcile("default/shop");
    expect(world.log).not.toContain("apply Service/shop of u1");
    expect(world.log).not.toContain("prune");
    expect(world.status?.brokenAt).toBe("lb");
    expect(world.status?.hops?.find((hop) => hop.hop === "lb")?.reason).toBe("HeldBack");
    expect(turn).toEqual({ next: "retry" });
  });

  it("takes a write that may pass, and what waits for it, for a finding when it has not passed after two minutes", async () => {
    const world = new FakeWorld();
    const busy = { reason: "Timeout", message: "no answer.", passing: true };
    world.fails["NetworkPolicy/shop"] = { ok: false, failure: busy, retry: true };
    const told: (boolean | undefined)[] = [];
    const path = pathOf({ now: "Healthy" }).map((hop) => ({
      ...hop,
      judge: (of: Flow, seen: Parameters<Hop["judge"]>[1]) => {
        if (hop.name === "lb")
          for (const kind of [kinds.NetworkPolicy, kinds.Service]) told.push(seen.failure(kind, "shop")?.passing);
        return hop.judge(of, seen);
      },
    }));
    const reconciler = new Reconciler(path, world);
    for (const time of [0, 119_000, 120_000]) {
      world.time = time;
      await reconciler.reconcile("default/shop");
    }
    expect(told).toEqual([true, true, true, true, false, false]);
    world.fails = {};
    await reconciler.reconcile("default/shop");
    world.fails["NetworkPolicy/shop"] = { ok: false, failure: busy, retry: true };
    await reconciler.reconcile("default/shop");
    expect(told.slice(-2), "counted anew").toEqual([true, true]);
  });

  it("prunes although the claim may not grow, and tells what is written for all flows and could not be", async () => {
    const world = new FakeWorld();
    world.complete = () => ({ ...flow, database: {} }) as Flow;
    world.tendClaim = async () => failure(false);
    Object.assign(world, { sharedFailures: () => new Map([["ConfigMap/z", { reason: "Forbidden", message: "no." }]]) });
    const told: unknown[] = [];
    const path = pathOf({ now: "Healthy" }).map((hop) => ({
      ...hop,
      judge: (of: Flow, seen: Parameters<Hop["judge"]>[1]) => {
        told.push(seen.failure(kinds.ConfigMap, "z"), seen.failure(kinds.PersistentVolumeClaim, "data-shop-db-0"));
        return hop.judge(of, seen);
      },
    }));
    await new Reconciler(path, world).reconcile("default/shop");
    expect(world.log).toContain("prune");
    expect(told.slice(0, 2)).toEqual([
      { reason: "Forbidden", message: "no." },
      { reason: "Forbidden", message: "no." },
    ]);
  });

  it("does not hammer at what trying again cannot help", async () => {
    const world = new FakeWorld();
    world.fails["Service/shop"] = failure(false);
    expect(await new Reconciler(pathOf({ now: "Healthy" }), world).reconcile("default/shop")).toEqual({
      next: "later",
      millis: 5_000,
    });
  });

  it("writes no child of a flow that its user must edit first, and says what", async () => {
    const world = new FakeWorld();
    world.complete = () =>
      ({ ...flow, faults: [{ hop: "dns", reason: "HostOutsideZones", message: "outside." }] }) as Flow;
    await new Reconciler(pathOf({ now: "Healthy" }), world).reconcile("default/shop");
    expect(world.log).toEqual(["want default/shop 8", "status"]);
    expect(world.status?.conditions?.some((condition) => condition.type === "Stalled")).toBe(true);
  });

  it.each([
    [
      "that was lost to another namespace",
      ["shop.example.test"],
      { lostTo: { namespace: "other", host: "shop.example.test" } },
      true,
    ],
    [
      "that is no longer asked for, while a fault keeps the new one from being written",
      ["old.example.test"],
      { faults: [{ hop: "vmgroup", reason: "SubnetNotOffered", message: "" }] },
      true,
    ],
    [
      "of a path that another flow has",
      ["shop.example.test"],
      { faults: [{ hop: "router", reason: "HostConflict", message: "" }] },
      true,
    ],
    [
      "that is ours, while a fault keeps things as they are",
      ["shop.example.test"],
      { faults: [{ hop: "vmgroup", reason: "SubnetNotOffered", message: "" }] },
      false,
    ],
    ["that is about to be changed by an apply", ["old.example.test"], {}, false],
  ])(
    "withdraws the route of a host %s, before the status gives the host up",
    async (_title, hosts, changed, expected) => {
      const world = new FakeWorld();
      world.complete = () => ({ ...flow, ...changed }) as Flow;
      world.ingress = {
        apiVersion: "networking.k8s.io/v1",
        kind: "Ingress",
        metadata: {
          name: "shop",
          namespace: "default",
          ownerReferences: [
            { apiVersion: "webflow.dev/v1alpha1", kind: "WebFlow", name: "shop", uid: "u1", controller: true },
          ],
        },
        spec: { rules: hosts.map((host) => ({ host })) },
      };
      await new Reconciler(pathOf({ now: "Healthy" }), world).reconcile("default/shop");
      expect(world.log.includes("withdraw")).toBe(expected);
      if (expected) expect(world.log.indexOf("withdraw")).toBeLessThan(world.log.indexOf("status"));
    },
  );

  it("forgets a flow that is gone or on its way out, and writes nothing for it", async () => {
    const world = new FakeWorld();
    const reconciler = new Reconciler(pathOf({ now: "Healthy" }), world);
    for (const found of [
      undefined,
      { ...raw, metadata: { ...raw.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } },
    ]) {
      world.found = found;
      world.log.length = 0;
      expect(await reconciler.reconcile("default/shop")).toEqual({ next: "done" });
      expect(world.log).toEqual(["want default/shop 0", "gone default/shop"]);
    }
  });

  it("writes the same status after a restart, until the questions have been asked", async () => {
    const world = new FakeWorld();
    await new Reconciler(pathOf({ now: "Healthy" }), world).reconcile("default/shop");
    const before = world.status;
    world.found = { ...raw, status: before } as KubeObject;
    world.time = 3_600_000;
    const restarted = new Reconciler(pathOf({ now: "Progressing" }, "NotAskedYet"), world);
    await restarted.reconcile("default/shop");
    expect(world.status).toEqual(before);
    world.time += 31_000;
    await restarted.reconcile("default/shop");
    expect(world.status?.conditions?.some((condition) => condition.type === "Reconciling")).toBe(true);
  });

  it("keeps a hop that was fine as it was while it moves, but not for ever", async () => {
    const world = new FakeWorld();
    const state: { now: State } = { now: "Healthy" };
    const reconciler = new Reconciler(pathOf(state), world);
    const turn = async (time: number) => {
      world.time = time;
      await reconciler.reconcile("default/shop");
      world.found = { ...raw, status: world.status } as KubeObject;
      return world.status?.hops?.find((hop) => hop.hop === "lb")?.state;
    };
    expect(await turn(0)).toBe("Healthy");
    state.now = "Progressing";
    expect(await turn(1_000)).toBe("Healthy");
    expect(world.status?.conditions?.some((condition) => condition.type === "Reconciling")).toBe(true);
    expect(await turn(122_000)).toBe("Progressing");
    state.now = "Healthy";
    expect(await turn(123_000)).toBe("Healthy");
  });
});
